"""Units of work in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trivet_order.adapters.memory.keys import MemoryKeys
from trivet_order.adapters.memory.publisher import MemoryPublisher
from trivet_order.adapters.memory.repository import MemoryRepository
from trivet_order.adapters.memory.store import MemoryStore
from trivet_order.adapters.memory.transaction import Transaction
from trivet_order.application import EventPublisherPort, KeysPort, OrderRepositoryPort, UnitOfWork


class MemoryUnitOfWork:
    """Implements ``UnitOfWork``: repository, publisher and keys on one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.orders: OrderRepositoryPort = MemoryRepository(transaction)
        self.events: EventPublisherPort = MemoryPublisher(transaction)
        self.keys: KeysPort = MemoryKeys(transaction)

    async def commit(self) -> None:
        """Make it last."""
        self._transaction.commit()


class MemoryUnitsOfWork:
    """Implements ``UnitsOfWork``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @asynccontextmanager
    async def open(self) -> AsyncIterator[UnitOfWork]:
        """Open one; leaving it without a commit undoes it."""
        transaction = Transaction(self._store)
        try:
            yield MemoryUnitOfWork(transaction)
        finally:
            transaction.end()
