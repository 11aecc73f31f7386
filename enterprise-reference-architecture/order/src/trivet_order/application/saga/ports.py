"""What a checkout needs of the world beside leases and time: its store, its participants, and somebody who is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from trivet_order.application.leasing import Lease, LeaseObserverPort
from trivet_order.application.saga.commands import Command
from trivet_order.application.saga.replies import Reply
from trivet_order.application.saga.states import SagaState
from trivet_order.domain import OrderAggregate, OrderEvent


@dataclass(frozen=True, slots=True)
class Saga:
    """A checkout as it is stored; ``version`` grows with each write.

    ``attempts`` counts the tries of this state's commands that came to nothing, ``refusals`` those of them that were
    answered, and would be answered so again. ``deadline_on`` is when the step is over at the latest, by the store's
    clock. ``reason`` says why it is being taken back, ``parked`` why nobody tries any more until an operator says so.
    """

    order_id: UUID
    state: SagaState
    version: int
    shard: int
    attempts: int = 0
    deadline_on: datetime | None = None
    reason: str | None = None
    parked: str | None = None
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A saga and its order, read at one moment."""

    saga: Saga
    order: OrderAggregate


@dataclass(frozen=True, slots=True)
class Claim:
    """What is due, and what time it is by the store's clock."""

    now: datetime
    found: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a saga's history: what happened (``events.py``) in which state, and what is told of it.

    ``attempts`` are the tries of that state that had come to nothing by then, this one included if it did.
    """

    event: str
    state: SagaState
    attempts: int
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a saga and its order, written together or not at all.

    ``before`` is the saga as it was read or written last: its version is compared. ``order_version`` is the order's as
    it was read; it is compared too, also where no ``events`` say that the order moves.
    ``due_in_s`` is when to look at it again if nobody has by then; None if it ended or is parked. ``order`` is the
    aggregate after the change.
    """

    before: Saga
    after: Saga
    order: OrderAggregate
    order_version: int
    events: Sequence[OrderEvent]
    steps: Sequence[Step]
    due_in_s: float | None


class SagaStorePort(Protocol):
    """Sagas with their orders; every method raises StoreUnavailable if it does not answer."""

    async def claim(self, leases: Sequence[Lease], limit: int, in_hand: Collection[UUID]) -> Claim:
        """Return sagas that are due, of the shards whose lease holds, the longest due first, but none in hand.

        Fresh ones (no attempts) and retrying ones get half of the limit each, and what the other leaves of it, so that
        neither waits behind the other. Nothing is changed: to claim is to read.
        """

    async def read(self, leases: Sequence[Lease], order_ids: Collection[UUID]) -> Claim:
        """Return these, as they are now, those of shards whose lease holds."""

    async def record(self, leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        """Write changes, each whole or not at all, in one statement; return the orders whose change was written.

        A change is written if its shard's lease holds, by the store's clock, under the fence that is given, if its
        saga is at the version that it was read at, and its order too. Which races: a worker that was paused past its
        lease; a customer who cancels meanwhile; two workers with one saga. Why this guard: all three are compared in
        the statement that writes. If it were lost, a step would be taken twice, or a cancelled order confirmed.

        With the saga are written the order's status and prices, its events into the outbox, and the saga's steps.

        Raises:
            DataRefused: the store cannot hold one of them, at least, and never will; nothing of any was written.
        """


class ParticipantPort(Protocol):
    """Somebody who is asked: Inventory, Reservation or the wallet."""

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Send commands of many orders at once; return a reply for each, in their order. It raises nothing.

        One that fails does not fail the others: a batch that is refused as a whole is cut in half, down to the one.
        """

    def ready_in_s(self) -> float:
        """Return how long to wait before sending anything at all: 0 unless it failed again and again lately."""


class SagaObserverPort(LeaseObserverPort, Protocol):
    """Who is told what the saga does; nothing depends on it."""

    def recorded(self, changes: Sequence[Change], seconds: float) -> None:
        """These were written, in so long."""

    def outdated(self, order_ids: Collection[UUID]) -> None:
        """These were not written, for somebody else had changed them; they are read anew."""

    def parked(self, order_id: UUID, why: str) -> None:
        """Nobody tries this one any more until an operator says so: the alarm."""

    def unstorable(self, order_id: UUID, why: str) -> None:
        """Nothing can be recorded of this one, not even that it is parked; it is tried again later."""

    def away(self, error: Exception) -> None:
        """The store does not answer; the worker goes on trying."""
