"""What the relay needs of the world beside leases and time: the outbox, and somebody who sends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from uuid import UUID

from trivet_order.application.leasing import Lease, LeaseObserverPort
from trivet_order.application.messages import Message


@dataclass(frozen=True, slots=True)
class Claimed:
    """An unpublished message; ``failures`` counts how often its aggregate has failed since it last went through."""

    position: int
    shard: int
    message: Message
    failures: int = 0


class Fate(Enum):
    """What became of a message that was to be sent."""

    ACKNOWLEDGED = "acknowledged"
    """It is in the topic and lasts."""
    FAILED = "failed"
    """It was refused, or nobody knows: it may be there or not, or may still arrive."""
    HELD_BACK = "held back"
    """It was certainly not sent, for one before it had failed; nothing is known against it."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What became of a message; a failure says why, and whether the message is certainly not in the topic."""

    fate: Fate
    error: str = ""
    definite: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """An aggregate whose message did not get through, and when to try again."""

    aggregate_id: UUID
    error: str
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class RelayPace:
    """How much at once, and how long to wait.

    Free shards are taken ``shards_a_turn``, so that relays which start together share them at once. A lease
    lasts ``lease_s`` from its taking or renewal on, and is renewed well before. After work the relay pauses
    for ``busy_pause_s``; a pause that nothing came of is followed by one twice as long, up to ``idle_pause_s``.
    """

    batch: int = 500
    shards_a_turn: int = 1
    lease_s: float = 10.0
    busy_pause_s: float = 0.004
    idle_pause_s: float = 0.05
    retry_first_s: float = 0.1
    retry_unknown_s: float = 1.0
    retry_refused_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the outbox; ``unpublished`` is counted up to a bound only."""

    unpublished: int
    oldest_age_s: float
    blocked: int


class OutboxPort(Protocol):
    """The outbox, as the relay sees it; every method raises StoreUnavailable if it does not answer."""

    async def reopen(self, leases: Sequence[Lease]) -> int:
        """Make unpublished again what was published to another cluster under an older epoch; return how many.

        It comes before the first claim under a lease. Which race: a message would else reach the new cluster before
        the ones that its aggregate had told the old one.
        """

    async def claim(self, leases: Sequence[Lease], limit: int) -> Sequence[Claimed]:
        """Return the oldest unpublished messages of the shards whose lease holds, ``limit`` of them at most.

        Of each aggregate they are those from its first unpublished one on, without a gap and in their order; an
        aggregate that is blocked has none. Nothing is changed: to claim is to read.
        """

    async def mark(self, leases: Sequence[Lease], published: Sequence[Claimed]) -> int:
        """Remember what was published; return how many that were, and leave out a shard that has another fence now.

        Which race: a relay of an epoch that is over, paused before its mark, against the one that made its shard's
        messages unpublished for the new cluster. Why this guard: the mark locks the lease that it is made under. If
        it were lost, a message would count as published in a cluster that it was never sent to.
        """

    async def block(self, failures: Sequence[Failure]) -> None:
        """Claim nothing of these aggregates for a while, and count the failure."""

    async def unblock(self, aggregates: Collection[UUID]) -> None:
        """Forget the failures of aggregates that got through."""

    async def backlog(self) -> Backlog:
        """Return what waits, in all shards."""


class MessageSenderPort(Protocol):
    """Who sends messages to the topic."""

    async def send(self, messages: Sequence[Message], alone: Collection[UUID] = ()) -> Sequence[SendOutcome]:
        """Send messages and wait; return what became of each, in their order. It raises nothing for a failure.

        The promise that order rests on: a message is sent only once the one before it *of its aggregate, in this
        call*, was acknowledged, or in one append with it, which the topic takes whole or not at all.

        Args:
            messages: what to send, those of an aggregate in their order.
            alone: aggregates whose messages share no append with any other, since one of them was refused before.
        """


class RelayObserverPort(LeaseObserverPort, Protocol):
    """Who is told what the relay does; nothing depends on it."""

    def reopened(self, messages: int) -> None:
        """So many messages are published again, to a new cluster."""

    def published(self, messages: int, seconds: float) -> None:
        """A batch of so many was claimed, sent and marked in so long."""

    def unmarked(self, messages: int) -> None:
        """So many were published and not marked, for the shard is another's now: they are published again."""

    def blocked(self, claimed: Claimed, outcome: SendOutcome, failure: Failure) -> None:
        """An aggregate is blocked for a while."""

    def stalled(self, error: str) -> None:
        """Nothing of a batch was sent, for there was nobody to send it to; it is claimed again."""

    def away(self, error: Exception) -> None:
        """The store does not answer; the relay goes on trying."""
