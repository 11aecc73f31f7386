"""The suites are worth what they find: each guard of the memory adapters is taken away once, and is missed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from order_contracts import (
    InterleavingContract,
    KeysContract,
    PublisherContract,
    RepositoryContract,
    UnitOfWorkContract,
)
from order_contracts.interleaving import PAIRS
from order_contracts.samples import Published

from trivet_order.adapters.memory import MemoryRepository, MemoryStore, MemoryUnitsOfWork, Transaction
from trivet_order.application import Message, OrderChanged
from trivet_order.domain import OrderAggregate

PAIR = "the sellers have reserved it and the customer does not want it any more"


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def units(memory: MemoryStore) -> MemoryUnitsOfWork:
    return MemoryUnitsOfWork(memory)


@pytest.fixture
def published(memory: MemoryStore) -> Published:
    async def look(order_id: UUID) -> Sequence[Message]:
        return [message for message in memory.outbox if message.aggregate_id == order_id]

    return look


async def save_without_looking(self: MemoryRepository, order: OrderAggregate) -> None:
    """Write whatever stands there: no version is compared."""
    await self._transaction.lock(order.id)
    self._transaction.write(order)


async def lock_nothing(self: Transaction, id: UUID) -> None:  # noqa: A002  - what it stands for
    """Let two write one order at the same time."""


def write_at_once(self: Transaction, order: OrderAggregate) -> None:
    """Write where everybody reads."""
    self._store.orders[order.id] = order


def tell_at_once(self: Transaction, message: Message) -> None:
    """Tell before it is committed."""
    self._store.outbox.append(message)


def claim_always(self: Transaction, key: tuple[str, str]) -> bool:  # noqa: ARG001  - what it stands for
    """Let several work on one key."""
    return True


def hold_for_ever(self: Transaction) -> None:
    """Forget to give back what is held."""
    self._orders, self._keys, self._messages = {}, {}, []


async def test_no_version_check(
    monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork, published: Published
) -> None:
    monkeypatch.setattr(MemoryRepository, "save", save_without_looking)
    with pytest.raises(AssertionError):
        await InterleavingContract().test_no_order_of_moments_loses_a_change(units, published, PAIR)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await RepositoryContract().test_a_change_of_what_was_changed_since_is_refused(units)


@pytest.mark.parametrize("pair", PAIRS)
async def test_no_row_lock(
    monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork, published: Published, pair: str
) -> None:
    monkeypatch.setattr(Transaction, "lock", lock_nothing)
    with pytest.raises(AssertionError):
        await InterleavingContract().test_no_order_of_moments_loses_a_change(units, published, pair)


async def test_versions_by_id_alone(monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork) -> None:
    read: dict[UUID, int] = {}

    async def get_by_id(self: MemoryRepository, id: UUID) -> OrderAggregate:  # noqa: A002  - what it stands for
        order = await original(self, id)
        read[id] = order.version
        return order

    async def save(self: MemoryRepository, order: OrderAggregate) -> None:
        stored = self._transaction.order(order.id)
        if stored and stored.version != read.get(order.id):
            raise OrderChanged(order.id, order.version)
        self._transaction.write(order)

    original = MemoryRepository.get_by_id
    monkeypatch.setattr(MemoryRepository, "get_by_id", get_by_id)
    monkeypatch.setattr(MemoryRepository, "save", save)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await RepositoryContract().test_reading_it_anew_does_not_make_an_old_one_new(units)


async def test_orders_that_are_seen_too_early(
    monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork, published: Published
) -> None:
    monkeypatch.setattr(Transaction, "write", write_at_once)
    with pytest.raises(AssertionError):
        await UnitOfWorkContract().test_nobody_sees_an_order_before_its_commit(units)
    with pytest.raises((AssertionError, OrderChanged)):
        await InterleavingContract().test_who_leaves_without_a_commit_changes_nothing(units, published, 0)


async def test_events_that_are_told_too_early(
    monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork, published: Published
) -> None:
    monkeypatch.setattr(Transaction, "tell", tell_at_once)
    with pytest.raises(AssertionError):
        await PublisherContract().test_nothing_is_there_before_the_commit(units, published)
    with pytest.raises(AssertionError):
        await PublisherContract().test_nothing_is_there_without_a_commit(units, published)


async def test_keys_that_several_work_on(monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork) -> None:
    monkeypatch.setattr(Transaction, "claim", claim_always)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await KeysContract().test_a_key_that_somebody_works_on_is_in_flight(units)


async def test_keys_that_nobody_gives_back(monkeypatch: pytest.MonkeyPatch, units: MemoryUnitsOfWork) -> None:
    monkeypatch.setattr(Transaction, "end", hold_for_ever)
    with pytest.raises(Exception, match="has not ended"):
        await KeysContract().test_a_key_is_free_when_its_unit_has_ended(units, commits=True)
