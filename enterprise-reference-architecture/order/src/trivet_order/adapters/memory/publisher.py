"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_order.adapters.memory.transaction import Transaction
from trivet_order.application import tell
from trivet_order.domain import OrderEvent


class MemoryPublisher:
    """Implements ``EventPublisherPort``: what it is told is in the outbox once its transaction is committed.

    The order's saga begins, ends or is due with it, in the same transaction.
    """

    def __init__(self, transaction: Transaction, traceparent: str | None = None) -> None:
        self._transaction = transaction
        self._traceparent = traceparent

    async def publish(self, events: Sequence[OrderEvent]) -> None:
        """Publish events, in their order."""
        for event in events:
            self._transaction.tell(tell(event, self._traceparent))
            self._transaction.let_saga_know(event)
