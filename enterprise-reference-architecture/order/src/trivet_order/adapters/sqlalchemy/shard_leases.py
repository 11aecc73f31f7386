"""Leases of shards, by PostgreSQL's clock: one table for each queue that is shared out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.statements import execute, fetch
from trivet_order.application.leasing import Lease


@dataclass(frozen=True, slots=True)
class Shared:
    """What is shared out: the table of its leases, and which of them this holder may take at all.

    ``takeable`` is a condition on a lease, whose parameters are ``arguments``, from $5 on.
    """

    leases: str
    takeable: str = "true"
    arguments: tuple[object, ...] = ()


class SqlAlchemyShardLeases:
    """ShardLeasesPort for one holder.

    Which race: two find one lease free at the same time. Why this guard: the row is locked before it is looked at, and
    its fence grows in the same statement. If it were lost, both would work on one shard, and what they do twice is kept
    from doing harm by the fence and the versions alone.
    """

    def __init__(self, database: Database, holder: str, shared: Shared, lease_s: float) -> None:
        """Take nothing yet.

        Args:
            database: where the leases are.
            holder: this process's name, which no other has that runs at the same time.
            shared: what is shared out.
            lease_s: how long a lease lasts.
        """
        self._database = database
        self._holder = holder
        self._arguments = shared.arguments
        self._lasting = timedelta(seconds=lease_s)
        self._take = statement("take_shards").format(leases=shared.leases, takeable=shared.takeable)
        self._rebalance = statement("rebalance_shards").format(leases=shared.leases, takeable=shared.takeable)
        self._renew = statement("renew_shards").format(leases=shared.leases)
        self._give_back = statement("give_shards_back").format(leases=shared.leases)

    async def take(self, shards_max: int, held: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        return await self._taken(self._take, shards_max, held)

    async def rebalance(self, held: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        return await self._taken(self._rebalance, 1, held)

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        rows = await fetch(self._database, self._renew, *named(self._holder, leases), self._lasting)
        return [Lease(row["shard"], row["fence"]) for row in rows]

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """See ShardLeasesPort."""
        await execute(self._database, self._give_back, *named(self._holder, leases))

    async def _taken(self, sql: str, shards_max: int, held: Sequence[Lease]) -> list[Lease]:
        mine = [lease.shard for lease in held]
        rows = await fetch(self._database, sql, self._holder, mine, shards_max, self._lasting, *self._arguments)
        return [Lease(row["shard"], row["fence"]) for row in rows]


def named(holder: str, leases: Sequence[Lease]) -> tuple[str, list[int], list[int]]:
    """Return how statements name the leases of a holder."""
    return holder, [lease.shard for lease in leases], [lease.fence for lease in leases]
