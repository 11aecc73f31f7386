"""The adapters in memory keep every contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import pytest
from order_contracts import (
    InterleavingContract,
    KeysContract,
    PublisherContract,
    QueriesContract,
    RepositoryContract,
    TimelineContract,
    UnitOfWorkContract,
)
from order_contracts.samples import Published

from trivet_order.adapters.memory import MemoryQueries, MemoryStore, MemoryTimeline, MemoryUnitsOfWork
from trivet_order.application import Message, TimelineEntry


class InMemory:
    """What the suites ask for."""

    @pytest.fixture
    def memory(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def units(self, memory: MemoryStore) -> MemoryUnitsOfWork:
        return MemoryUnitsOfWork(memory)

    @pytest.fixture
    def published(self, memory: MemoryStore) -> Published:
        async def look(order_id: UUID) -> Sequence[Message]:
            return [message for message in memory.outbox if message.aggregate_id == order_id]

        return look

    @pytest.fixture
    def queries(self, memory: MemoryStore) -> MemoryQueries:
        return MemoryQueries(memory)

    @pytest.fixture
    def timeline(self, memory: MemoryStore) -> MemoryTimeline:
        return MemoryTimeline(memory)

    @pytest.fixture
    def arrive(self, memory: MemoryStore) -> Callable[..., Awaitable[None]]:
        async def put(*entries: TimelineEntry) -> None:
            memory.timeline += entries

        return put


class TestRepository(InMemory, RepositoryContract):
    pass


class TestPublisher(InMemory, PublisherContract):
    pass


class TestKeys(InMemory, KeysContract):
    pass


class TestUnitOfWork(InMemory, UnitOfWorkContract):
    pass


class TestQueries(InMemory, QueriesContract):
    pass


class TestTimeline(InMemory, TimelineContract):
    pass


class TestInterleaving(InMemory, InterleavingContract):
    pass
