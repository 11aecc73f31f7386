"""Leases of shards in memory, by one clock for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trivet_order.application.leasing import Lease

SHARDS = 16
_OVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class LeaseRow:
    """Whose a shard is, and how long."""

    holder: str = ""
    fence: int = 0
    until: datetime = _OVER


class LeaseTable:
    """A lease for each shard."""

    def __init__(self, now: Callable[[], datetime], shards: int = SHARDS) -> None:
        self.now = now
        self.rows = [LeaseRow() for _ in range(shards)]

    def holding(self, leases: Sequence[Lease]) -> set[int]:
        """Return the shards of those leases that hold: their fence is the shard's, and they are not over."""
        now = self.now()
        return {
            lease.shard
            for lease in leases
            if self.rows[lease.shard].fence == lease.fence and self.rows[lease.shard].until > now
        }

    def end_all(self) -> None:
        """Let every lease be over, as if its time had passed."""
        for row in self.rows:
            row.until = _OVER


class MemoryShardLeases:
    """One holder's way to the leases; implements ``ShardLeasesPort``."""

    def __init__(self, table: LeaseTable, holder: str, lease_s: float) -> None:
        self._table = table
        self._holder = holder
        self._lease = timedelta(seconds=lease_s)

    async def take(self, shards_max: int, held: Sequence[Lease]) -> Sequence[Lease]:
        """Take so many at most of the shards that are free, or stand in this holder's name and are not held."""
        now, mine = self._table.now(), {lease.shard for lease in held}
        taken: list[Lease] = []
        for shard, row in enumerate(self._table.rows):
            is_free = row.until <= now or (row.holder == self._holder and shard not in mine)
            if len(taken) < shards_max and is_free:
                row.holder, row.fence, row.until = self._holder, row.fence + 1, now + self._lease
                taken.append(Lease(shard, row.fence))
        return taken

    async def rebalance(self, held: Sequence[Lease]) -> Sequence[Lease]:
        """Take one shard of the holder that has most, if that is two more than this one at least."""
        now = self._table.now()
        live = {shard: row.holder for shard, row in enumerate(self._table.rows) if row.until > now}
        for shard in surplus(live, self._holder, len(held))[:1]:
            row = self._table.rows[shard]
            row.holder, row.fence, row.until = self._holder, row.fence + 1, now + self._lease
            return [Lease(shard, row.fence)]
        return []

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Extend leases, and return those that nobody else had taken."""
        renewed = [lease for lease in leases if self._is_mine(lease)]
        for lease in renewed:
            self._table.rows[lease.shard].until = self._table.now() + self._lease
        return renewed

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take the shards at once."""
        for lease in leases:
            if self._is_mine(lease):
                self._table.rows[lease.shard].until = _OVER

    def _is_mine(self, lease: Lease) -> bool:
        row = self._table.rows[lease.shard]
        return (row.holder, row.fence) == (self._holder, lease.fence)


def surplus(live: Mapping[int, str], holder: str, held: int) -> list[int]:
    """Return the shards of the holder that has most, if that is two more than ``held`` at least.

    The same rule as ``rebalance_shards.sql``: one that takes at a difference of two never gives cause to take back.

    Args:
        live: whose each shard is whose lease is not over.
        holder: who asks.
        held: how many of them it holds.
    """
    loads = Counter(name for name in live.values() if name != holder)
    fullest = min(loads, key=lambda name: (-loads[name], name), default=None)
    if fullest is None or loads[fullest] < held + 2:
        return []
    return [shard for shard, name in live.items() if name == fullest]
