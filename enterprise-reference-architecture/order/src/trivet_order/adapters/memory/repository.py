"""Orders in memory."""

from __future__ import annotations

from uuid import UUID
from weakref import WeakKeyDictionary

from trivet_order.adapters.memory.transaction import Transaction
from trivet_order.application import OrderChanged, OrderNotFound
from trivet_order.domain import OrderAggregate


class MemoryRepository:
    """Implements ``OrderRepositoryPort``.

    It remembers of each order that it gave out the version that it had then: of two that one caller read of the same
    order, the older one is refused although the newer one was read since.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._versions: WeakKeyDictionary[OrderAggregate, int] = WeakKeyDictionary()

    async def save(self, order: OrderAggregate) -> None:
        """Store an order if what is stored is what was read, which for a new one is nothing (else OrderChanged)."""
        await self._transaction.lock(order.id)
        stored, read = self._transaction.order(order.id), self._versions.get(order, 0)
        if (stored.version if stored else 0) != read:
            raise OrderChanged(order.id, read)
        self._transaction.write(copy_of(order))
        self._versions[order] = order.version

    async def get_by_id(self, id: UUID) -> OrderAggregate:  # noqa: A002  - the name that the class diagram gives it
        """Return an order of the caller's own (OrderNotFound if there is none)."""
        stored = self._transaction.order(id)
        if stored is None:
            raise OrderNotFound(id)
        order = copy_of(stored)
        self._versions[order] = order.version
        return order


def copy_of(order: OrderAggregate) -> OrderAggregate:
    """Return an order like this one, as it would come back from a store: with nothing that is to be told."""
    return OrderAggregate(
        order.id,
        order.items,
        order.status,
        customer_id=order.customer_id,
        account_id=order.account_id,
        version=order.version,
        cancellation_requested=order.cancellation_requested,
        cancel_reason=order.cancel_reason,
    )
