"""Lists of orders, from memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trivet_order.adapters.memory.store import MemoryStore
from trivet_order.application import OrderView, view_of


class MemoryQueries:
    """Implements ``OrderQueriesPort``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, customer_id: str, before: UUID | None, limit: int) -> Sequence[OrderView]:
        """Return a customer's orders, the greatest id first, from the one after ``before`` on."""
        theirs = [order for order in self._store.orders.values() if order.customer_id == customer_id]
        after = [order for order in theirs if before is None or order.id < before]
        return [view_of(order) for order in sorted(after, key=lambda order: order.id, reverse=True)[:limit]]
