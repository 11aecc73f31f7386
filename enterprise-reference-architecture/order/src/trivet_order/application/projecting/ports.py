"""What projecting needs of the world: a stream that may say everything twice, and a transaction to answer it in.

The stream promises that whatever was published arrives at least once. It promises no more: a record comes again after
a crash, after its partition went to another consumer and back, after a commit of offsets that nobody acknowledged. So
the effect of a record and the note that it had its effect are one transaction (:class:`ProjectionUnit`), and the
stream is told afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from trivet_order.application.messages import Message
from trivet_order.application.views import TimelineEntry
from trivet_order.domain import OrderError


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stands in the stream; ``str()`` of it is how a person names it."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def of(cls, text: str) -> Place:
        """Return the place that ``topic/partition/offset`` names (ValueError if it names none)."""
        topic, partition, offset = text.rsplit("/", 2)
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class Record:
    """What stands at a place, byte for byte, whoever wrote it there."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that cannot have its effect, and why."""

    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A poison that was put aside, and whether it had its effect since."""

    record: Record
    reason: str
    parked_at: datetime
    replayed_at: datetime | None


class StreamUnavailable(OrderError):
    """The stream does not answer; what it has not given it will give later."""

    code = "unavailable"
    retryable = True


class NotParked(OrderError):
    """No record of this place is parked."""

    code = "not-found"

    def __init__(self, place: Place) -> None:
        super().__init__(f"nothing of {place} is parked")
        self.place = place


class RecordStreamPort(Protocol):
    """The records of a topic, for one of the consumers that share them.

    At most one batch is in hand: between ``take`` and ``settle`` or ``take_back`` nothing else is taken.
    """

    async def take(self) -> Sequence[Record]:
        """Return the next records, each partition's in its order; none if nothing arrives for a while.

        Raises:
            StreamUnavailable: nobody can say.
        """

    async def settle(self) -> None:
        """Let what is in hand not be given again, as far as the stream can be told so; whatever fails, it comes again.

        Only after its effect lasts: offsets that are committed before it lose whatever a crash cuts off in between.
        """

    def take_back(self) -> None:
        """Have what is in hand given again by the next ``take``.

        Which race: a batch fails, and the stream has moved past it. Why this guard: the next batch's offsets lie
        behind it, and committing them commits it too. If it were lost, a database that is away for a second would lose
        the batch for good. It waits for nothing, so that a cancelled task does it too.
        """


class InboxPort(Protocol):
    """Which events had their effect already.

    Which race: an event that comes twice, to one consumer or to two at once. Why this guard: the note is unique and
    written with the effect; whoever comes second waits for the first one's end, and finds the note or takes its place.
    If it were lost, whatever the stream repeats would be in the timeline twice.
    """

    async def admit(self, event_ids: Collection[UUID]) -> frozenset[UUID]:
        """Note these events, and return those that nobody had noted."""


class TimelineRecorderPort(Protocol):
    """The timeline, for whoever writes it."""

    async def record(self, messages: Sequence[Message]) -> None:
        """Write one entry a message, whatever is there already.

        Raises:
            DataRefused: one of them cannot be stored.
        """


class ParkedPort(Protocol):
    """What was put aside."""

    async def park(self, poisons: Sequence[Poison]) -> None:
        """Put these aside; one that is there already stays as it is."""

    async def find(self, place: Place) -> ParkedRecord | None:
        """Return what is parked of a place, and keep others from it until this unit ends."""

    async def mark_replayed(self, place: Place) -> None:
        """Note that it had its effect now."""

    async def discard(self, place: Place) -> None:
        """Forget it."""

    async def page(self, after: Place | None, limit: int) -> Sequence[ParkedRecord]:
        """Return what is parked, in the order of places, from behind one on."""

    async def count(self) -> int:
        """Return how many wait: parked, and not replayed."""


class ProjectionUnit(Protocol):
    """One transaction: the inbox, the timeline and what is parked. It lasts if ``commit`` returns, and else not."""

    @property
    def inbox(self) -> InboxPort:
        """Which events had their effect."""

    @property
    def timeline(self) -> TimelineRecorderPort:
        """The effect."""

    @property
    def parked(self) -> ParkedPort:
        """What cannot have one."""

    async def commit(self) -> None:
        """Make it last.

        Raises:
            StoreUnavailable: it may have lasted or not (``definite`` is false), or certainly did not.
        """


class ProjectionUnits(Protocol):
    """Where units come from."""

    def open(self) -> AbstractAsyncContextManager[ProjectionUnit]:
        """Open one; leaving it without a commit undoes it."""


class TimelineFeedPort(Protocol):
    """What came to many timelines at once, for whoever watches them."""

    async def later(self, seen: Mapping[UUID, int]) -> Sequence[TimelineEntry]:
        """Return the entries of these orders that lie behind the version seen, each order's in its order."""
