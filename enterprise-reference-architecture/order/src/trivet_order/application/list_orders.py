"""A customer looks at all orders, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from trivet_order.application.ports import OrderQueriesPort
from trivet_order.application.views import OrderPage

PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class ListOrders:
    """Whose orders, from after which one on, and how many at most: 1 to ``PAGE_MAX``, the nearest if it is another."""

    customer_id: str
    before: UUID | None = None
    limit: int = 20


class ListOrdersUseCase:
    """Returns a page of a customer's orders, the newest first."""

    def __init__(self, queries: OrderQueriesPort) -> None:
        self._queries = queries

    async def execute(self, query: ListOrders) -> OrderPage:
        """Return the page; it says how to ask for the next one if there is more."""
        limit = max(1, min(query.limit, PAGE_MAX))
        found = await self._queries.page(query.customer_id, query.before, limit + 1)
        page = tuple(found[:limit])
        return OrderPage(page, page[-1].id if len(found) > limit else None)
