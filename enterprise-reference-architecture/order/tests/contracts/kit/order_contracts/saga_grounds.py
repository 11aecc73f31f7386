"""A store of sagas with what a test needs beside its ports, and sagas to test with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from order_contracts.samples import placed, store
from trivet_order.application import Message, UnitsOfWork
from trivet_order.application.leasing import Lease, ShardLeasesPort
from trivet_order.application.saga import (
    Change,
    Decision,
    Found,
    SagaEvent,
    SagaPace,
    SagaStorePort,
    Step,
    advance,
)
from trivet_order.domain import OrderAggregate

PACE = SagaPace(lease_s=60.0)


class SagaGround(Protocol):
    """One store, as several workers and the use cases see it. Leases last a minute at least.

    ``all_leases`` takes every shard for a holder, or returns what it has: no other holder has one then.
    """

    @property
    def units(self) -> UnitsOfWork: ...
    def store(self, holder: str) -> SagaStorePort: ...
    def leases(self, holder: str) -> ShardLeasesPort: ...
    async def all_leases(self, holder: str) -> Sequence[Lease]: ...

    async def end_leases(self) -> None:
        """Let every lease be over now, by the store's clock."""

    async def empty(self) -> None:
        """Forget every saga that is there: no other test's is claimed."""

    async def steps(self, order_id: UUID) -> Sequence[Step]:
        """Return a saga's history, the oldest first."""

    async def published(self, order_id: UUID) -> Sequence[Message]:
        """Return the messages of an order that are committed to the outbox."""


class HeldByOne:
    """What ``all_leases`` is, whatever the leases are written to."""

    def __init__(self) -> None:
        self._held: dict[str, Sequence[Lease]] = {}

    async def all_of(self, leases: ShardLeasesPort, holder: str) -> Sequence[Lease]:
        """Return a lease of every shard."""
        held = self._held.get(holder, ())
        kept = await leases.renew(held) if held else ()
        self._held[holder] = [*kept, *await leases.take(1_000, kept)]
        return self._held[holder]

    def forget(self) -> None:
        """Forget what was held."""
        self._held.clear()


async def new_order(sagas: SagaGround) -> OrderAggregate:
    """Accept an order of a stock line and a seat line."""
    return await store(sagas.units, placed())


async def claimed(sagas: SagaGround, limit: int = 1_000, in_hand: Collection[UUID] = ()) -> Sequence[Found]:
    """Claim of all shards."""
    leases = await sagas.all_leases("a")
    return (await sagas.store("a").claim(leases, limit, in_hand)).found


def row_of(found: Sequence[Found], order_id: UUID) -> Found:
    """Return the one of an order."""
    (row,) = [each for each in found if each.saga.order_id == order_id]
    return row


def advanced(found: Found, what: Decision | SagaEvent) -> Change:
    """Return the change that an event makes; what was found stays as it is."""
    decision = what if isinstance(what, Decision) else Decision(what)
    return advance(found.saga, deepcopy(found.order), decision, datetime.now(UTC), PACE, lambda: 0.5)
