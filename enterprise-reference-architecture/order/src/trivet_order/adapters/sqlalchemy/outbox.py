"""The outbox as the relay sees it, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.shard_leases import named
from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.statements import execute, fetch
from trivet_order.application import Message
from trivet_order.application.leasing import Lease
from trivet_order.application.relaying import Backlog, Claimed, Failure

UNPUBLISHED_COUNTED_MAX = 100_000
REOPEN_WINDOW_ROWS = 10_000
_CLAIM = statement("claim_messages")
_MARK = statement("mark_published")
_BEHIND = statement("find_shards_behind")
_REOPEN = statement("reopen_published")
_SETTLE = statement("settle_shards")
_BLOCK = statement("block_aggregates")
_UNBLOCK = "DELETE FROM outbox_failures WHERE aggregate_id = ANY ($1::uuid[])"
_BACKLOG = statement("weigh_backlog")


@dataclass(frozen=True, slots=True)
class Relayed:
    """Where a relay publishes to: a cluster, and in which epoch of publishing."""

    cluster: str
    epoch: int


class SqlAlchemyOutbox:
    """OutboxPort for one holder of leases; see ``sql/`` for what each statement reads and locks.

    A claim is one scan of a partial index that has nothing but unpublished rows: it costs as much beside a million
    published ones as beside none.
    """

    def __init__(self, database: Database, holder: str, relayed: Relayed) -> None:
        self._database = database
        self._holder = holder
        self._relayed = relayed

    async def reopen(self, leases: Sequence[Lease]) -> int:
        """See OutboxPort. It reads the whole outbox, in windows, if publishing has moved, and nothing of it else."""
        place = (self._relayed.cluster, self._relayed.epoch)
        rows = await fetch(self._database, _BEHIND, *self._mine(leases), *place)
        behind = [Lease(row["shard"], row["fence"]) for row in rows]
        if not behind:
            return 0
        reopened, after = 0, 0
        while True:
            (row,) = await fetch(self._database, _REOPEN, *self._mine(behind), *place, after, REOPEN_WINDOW_ROWS)
            reopened += int(row["reopened"])
            if row["last"] is None:
                break
            after = row["last"]
        await execute(self._database, _SETTLE, *self._mine(behind), *place)
        return reopened

    async def claim(self, leases: Sequence[Lease], limit: int) -> Sequence[Claimed]:
        """See OutboxPort. A shard yields its share of the batch, so that none waits behind another's backlog."""
        share = -(-limit // len(leases))
        rows = await fetch(self._database, _CLAIM, *self._mine(leases), share, limit)
        return [
            Claimed(
                row["position"],
                row["shard"],
                Message(
                    row["event_id"],
                    row["aggregate_id"],
                    row["aggregate_version"],
                    row["type"],
                    row["version"],
                    row["occurred_on"],
                    row["traceparent"],
                    row["body"],
                ),
                row["failures"],
            )
            for row in rows
        ]

    async def mark(self, leases: Sequence[Lease], published: Sequence[Claimed]) -> int:
        """See OutboxPort."""
        shards = {each.shard for each in published}
        concerned = [lease for lease in leases if lease.shard in shards]
        place = (self._relayed.cluster, self._relayed.epoch)
        positions = [each.position for each in published]
        return await execute(self._database, _MARK, *self._mine(concerned), *place, positions)

    async def block(self, failures: Sequence[Failure]) -> None:
        """See OutboxPort. In one order always: two that block the same aggregates would else wait for each other."""
        ordered = sorted(failures, key=lambda each: each.aggregate_id)
        await execute(
            self._database,
            _BLOCK,
            [each.aggregate_id for each in ordered],
            [each.error for each in ordered],
            [each.retry_after_s for each in ordered],
        )

    async def unblock(self, aggregates: Collection[UUID]) -> None:
        """See OutboxPort."""
        await execute(self._database, _UNBLOCK, sorted(aggregates))

    async def backlog(self) -> Backlog:
        """See OutboxPort; the unpublished are counted up to UNPUBLISHED_COUNTED_MAX."""
        (row,) = await fetch(self._database, _BACKLOG, SHARDS, UNPUBLISHED_COUNTED_MAX)
        return Backlog(row["unpublished"], row["oldest_age_s"], row["blocked"])

    def _mine(self, leases: Sequence[Lease]) -> tuple[str, list[int], list[int]]:
        return named(self._holder, leases)
