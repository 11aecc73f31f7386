"""Leases of the outbox's shards."""

from __future__ import annotations

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.outbox import Relayed
from trivet_order.adapters.sqlalchemy.shard_leases import Shared, SqlAlchemyShardLeases

_NOT_RELAYED_LATER = "(kafka_epoch IS NULL OR kafka_epoch < $6 OR (kafka_epoch = $6 AND kafka_cluster = $5))"


class SqlAlchemyOutboxLeases(SqlAlchemyShardLeases):
    """ShardLeasesPort for one relay: who is behind where a shard's messages were published takes none of it.

    If two had one shard all the same, both would claim the same messages and send each twice, in order still
    (``application/relaying/relay.py``).
    """

    def __init__(self, database: Database, holder: str, relayed: Relayed, lease_s: float) -> None:
        place = (relayed.cluster, relayed.epoch)
        super().__init__(database, holder, Shared("outbox_leases", _NOT_RELAYED_LATER, place), lease_s)
