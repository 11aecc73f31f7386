"""What a holder of leases needs of the world: the leases, time, and somebody who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a shard for a while; ``fence`` is greater than that of every lease of it before."""

    shard: int
    fence: int


@dataclass(frozen=True, slots=True)
class LeasePace:
    """A lease lasts ``lease_s`` from its taking or renewal on, and is renewed well before.

    Free shards are taken ``shards_a_turn``, so that holders which start together share them at once; what is taken to
    rebalance comes one a look.
    """

    lease_s: float
    shards_a_turn: int


class ShardLeasesPort(Protocol):
    """Leases of shards, by one clock for all; every method raises StoreUnavailable if it does not answer."""

    async def take(self, shards_max: int, held: Sequence[Lease]) -> Sequence[Lease]:
        """Take so many at most of the shards that are free, or whose lease is over or stands in this holder's name.

        The last are what a holder had when it died, and need not wait for the end of. What it holds now is left out.
        A shard that is not this holder's to work on is never taken.
        """

    async def rebalance(self, held: Sequence[Lease]) -> Sequence[Lease]:
        """Take one shard of the holder that has most, if that is two more than this one at least; nothing else.

        Counted is what this holder may take at all. A shard that its holder writes under at this moment is waited for.

        What is taken is in use, as it is when a lease ends under a batch: its holder learns of it at its next renewal,
        and until then the fence keeps what it does from counting.
        """

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Extend leases, and return those that nobody else had taken."""

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take the shards at once."""


class TimePort(Protocol):
    """Time, for one who waits."""

    def now_s(self) -> float:
        """Return seconds that only grow."""

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the process is asked to stop."""


class LeaseObserverPort(Protocol):
    """Who is told what is held; nothing depends on it."""

    def holds(self, shards: int) -> None:
        """So many shards are held now."""

    def lost(self, lease: Lease, *, in_time: bool) -> None:
        """A lease went to somebody else: who had two fewer, or if it was not renewed ``in_time`` whoever came first."""
