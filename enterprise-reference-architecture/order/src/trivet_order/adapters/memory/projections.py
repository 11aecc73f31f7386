"""The projection's transactions in memory: nothing of one is seen before its commit, and one runs after another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from trivet_order.application.errors import DataRefused
from trivet_order.application.messages import Message
from trivet_order.application.projecting import ParkedRecord, Place, Poison
from trivet_order.application.views import TimelineEntry


def _now() -> datetime:
    return datetime.now(UTC)


def _stores_all(_: Message) -> bool:
    return True


@dataclass
class MemoryProjections:
    """What lasts, and where its transactions come from.

    Units run one after another, as two transactions do that note one event: the second waits for the first one's end.
    ``stores`` says which messages can be stored at all.
    """

    stores: Callable[[Message], bool] = _stores_all
    noted: frozenset[UUID] = frozenset()
    entries: tuple[TimelineEntry, ...] = ()
    aside: Mapping[Place, ParkedRecord] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MemoryUnit]:
        """Open a unit, when the one before has ended."""
        async with self._turn:
            yield MemoryUnit(self)

    async def later(self, seen: Mapping[UUID, int]) -> Sequence[TimelineEntry]:
        """Return the entries behind what was seen of these orders."""
        found = [entry for entry in self.entries if entry.version > seen.get(entry.order_id, entry.version)]
        return sorted(found, key=lambda entry: (entry.order_id, entry.version))


class MemoryUnit:
    """One transaction; it is its own inbox, timeline and parked records."""

    def __init__(self, store: MemoryProjections) -> None:
        self._store = store
        self._noted = set(store.noted)
        self._entries = list(store.entries)
        self._aside = dict(store.aside)

    @property
    def inbox(self) -> MemoryUnit:
        """Which events had their effect."""
        return self

    @property
    def timeline(self) -> MemoryUnit:
        """The effect."""
        return self

    @property
    def parked(self) -> MemoryUnit:
        """What cannot have one."""
        return self

    async def commit(self) -> None:
        """Make it last."""
        self._store.noted = frozenset(self._noted)
        self._store.entries = tuple(self._entries)
        self._store.aside = self._aside

    async def admit(self, event_ids: Collection[UUID]) -> frozenset[UUID]:
        """Note these events, and return those that nobody had noted."""
        new = frozenset(event_ids) - self._noted
        self._noted |= new
        return new

    async def record(self, messages: Sequence[Message]) -> None:
        """Write one entry a message."""
        for message in messages:
            if not self._store.stores(message):
                raise DataRefused(f"no place for {message.type}")
            self._entries.append(
                TimelineEntry(
                    message.aggregate_id,
                    message.aggregate_version,
                    message.event_id,
                    message.type,
                    message.occurred_on,
                    _now(),
                    message.data,
                )
            )

    async def park(self, poisons: Sequence[Poison]) -> None:
        """Put these aside."""
        for poison in poisons:
            self._aside.setdefault(poison.record.place, ParkedRecord(poison.record, poison.reason, _now(), None))

    async def find(self, place: Place) -> ParkedRecord | None:
        """Return what is parked of a place."""
        return self._aside.get(place)

    async def mark_replayed(self, place: Place) -> None:
        """Note that it had its effect now."""
        self._aside[place] = replace(self._aside[place], replayed_at=_now())

    async def discard(self, place: Place) -> None:
        """Forget it."""
        del self._aside[place]

    async def page(self, after: Place | None, limit: int) -> Sequence[ParkedRecord]:
        """Return what is parked, in the order of places."""
        places = sorted(place for place in self._aside if after is None or place > after)
        return [self._aside[place] for place in places[:limit]]

    async def count(self) -> int:
        """Return how many wait."""
        return sum(parked.replayed_at is None for parked in self._aside.values())
