"""Leases of the outbox's shards, by PostgreSQL's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.outbox import Relayed
from trivet_order.adapters.sqlalchemy.outbox_statements import execute, fetch
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.application.leasing import Lease

_TAKE = statement("take_shards")
_RENEW = statement("renew_shards")
_GIVE_BACK = statement("give_shards_back")


class SqlAlchemyShardLeases:
    """ShardLeasesPort for one holder.

    Which race: two relays find one lease free at the same time. Why this guard: the row is locked before it is looked
    at, and its fence grows in the same statement. If it were lost, both would claim the same messages and send each
    twice, in order still (``application/relaying/relay.py``).
    """

    def __init__(self, database: Database, holder: str, relayed: Relayed, lease_s: float) -> None:
        """Take nothing yet.

        Args:
            database: where the leases are.
            holder: this relay's name, which no other has that runs at the same time.
            relayed: where it publishes to.
            lease_s: how long a lease lasts.
        """
        self._database = database
        self._holder = holder
        self._relayed = relayed
        self._lasting = timedelta(seconds=lease_s)

    async def take(self, shards_max: int, held: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        mine = [lease.shard for lease in held]
        place = (self._relayed.cluster, self._relayed.epoch)
        rows = await fetch(self._database, _TAKE, self._holder, mine, shards_max, *place, self._lasting)
        return [Lease(row["shard"], row["fence"]) for row in rows]

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        rows = await fetch(self._database, _RENEW, *self._mine(leases), self._lasting)
        return [Lease(row["shard"], row["fence"]) for row in rows]

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """See ShardLeasesPort."""
        await execute(self._database, _GIVE_BACK, *self._mine(leases))

    def _mine(self, leases: Sequence[Lease]) -> tuple[str, list[int], list[int]]:
        return self._holder, [lease.shard for lease in leases], [lease.fence for lease in leases]
