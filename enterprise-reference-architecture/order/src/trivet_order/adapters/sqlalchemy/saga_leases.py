"""Leases of the checkouts' shards."""

from __future__ import annotations

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.shard_leases import Shared, SqlAlchemyShardLeases


class SqlAlchemySagaLeases(SqlAlchemyShardLeases):
    """ShardLeasesPort for one worker.

    If two had one shard all the same, both would send its commands, which participants take for one, and only the one
    under the shard's own fence would write what came of it.
    """

    def __init__(self, database: Database, holder: str, lease_s: float) -> None:
        super().__init__(database, holder, Shared("saga_leases"), lease_s)
