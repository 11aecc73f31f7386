"""A stream that keeps its one promise, that everything arrives at least once, and none beside it.

It duplicates, delays, and reorders within and across partitions; it gives one record to two consumers at once, as at a
rebalance that one of them slept through; it forgets that a batch was settled; it kills a consumer anywhere between
taking a batch and settling it, and has the database go away before a commit and after one. It draws all that from one
source of random numbers, so a seed is a schedule, and Hypothesis can be that source and make the schedule small.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from trivet_order.adapters.memory.projections import MemoryProjections, MemoryUnit
from trivet_order.application import StoreUnavailable
from trivet_order.application.projecting import ProjectTimelineUseCase, Record, StreamUnavailable

BATCH_MAX = 8


class Crash(BaseException):
    """The process is gone."""


class Adversary:
    """What is done to all consumers of one topic; ``mischief`` is how often, until nothing more is done."""

    def __init__(self, random: Random, records: Sequence[Record], mischief: int = 40) -> None:
        self.random = random
        self.owed = {record.place: record for record in records}
        self._all = list(records)
        self._mischief = mischief

    def chance(self, percent: int) -> bool:
        """Whether to do something now, as long as there is mischief left."""
        if self._mischief <= 0 or self.random.randint(1, 100) > percent:
            return False
        self._mischief -= 1
        return True

    async def dawdle(self) -> None:
        """Let others go first, or not."""
        for _ in range(self.random.randint(0, 2)):
            await asyncio.sleep(0)

    def deal(self) -> list[Record]:
        """Return a batch: owed records, sooner or later, in any order, and some that nobody is owed any more."""
        owed = list(self.owed.values())
        if not self.chance(50):
            return owed[:BATCH_MAX]
        dealt = self.random.sample(owed, min(len(owed), self.random.randint(1, BATCH_MAX)))
        dealt += self.random.choices(self._all, k=self.random.randint(0, BATCH_MAX))
        self.random.shuffle(dealt)
        return dealt


class AdverseStream:
    """One consumer's view of the topic."""

    def __init__(self, adversary: Adversary) -> None:
        self._adversary = adversary
        self._hand: list[Record] = []

    async def take(self) -> Sequence[Record]:
        await self._adversary.dawdle()
        if self._adversary.chance(5):
            raise StreamUnavailable("the broker is away")
        self._hand = self._adversary.deal()
        return self._hand

    async def settle(self) -> None:
        await self._adversary.dawdle()
        if self._adversary.chance(10):
            raise Crash
        if not self._adversary.chance(20):
            for record in self._hand:
                self._adversary.owed.pop(record.place, None)

    def take_back(self) -> None:
        self._hand = []


class AdverseProjections:
    """The transactions of a store, and what may happen to each."""

    def __init__(self, adversary: Adversary, store: MemoryProjections) -> None:
        self._adversary = adversary
        self._store = store

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MemoryUnit]:
        await self._adversary.dawdle()
        async with self._store.open() as unit:
            commit = unit.commit

            async def commit_perhaps() -> None:
                await self._adversary.dawdle()
                if self._adversary.chance(10):
                    raise Crash
                if self._adversary.chance(10):
                    raise StoreUnavailable("it went before COMMIT", definite=True)
                await commit()
                if self._adversary.chance(10):
                    raise Crash
                if self._adversary.chance(10):
                    raise StoreUnavailable("it went after COMMIT", definite=False)

            unit.commit = commit_perhaps  # type: ignore[method-assign]  # what the adversary does to a transaction
            yield unit


async def consume(adversary: Adversary, store: MemoryProjections) -> None:
    """Run one consumer until nothing is owed, however often it dies."""
    while adversary.owed:
        use_case = ProjectTimelineUseCase(AdverseStream(adversary), AdverseProjections(adversary, store))
        try:
            while adversary.owed:
                await use_case.execute()
        except (Crash, StoreUnavailable, StreamUnavailable):
            await asyncio.sleep(0)


async def project_all(adversary: Adversary, store: MemoryProjections, consumers: int = 2) -> None:
    """Run several consumers of one group until nothing is owed."""
    async with asyncio.timeout(30):
        await asyncio.gather(*(consume(adversary, store) for _ in range(consumers)))
