"""An outbox with what a test needs beside its ports: commits, and leases and blocks that are over when it says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID, uuid5

import asyncpg

from trivet_order.adapters.memory.relaying import MemoryLeases, MemoryOutbox, MemoryOutboxStore
from trivet_order.adapters.sqlalchemy.engine import Database, Limits
from trivet_order.adapters.sqlalchemy.outbox import Relayed, SqlAlchemyOutbox
from trivet_order.adapters.sqlalchemy.outbox_leases import SqlAlchemyOutboxLeases
from trivet_order.adapters.sqlalchemy.sharding import shard_of
from trivet_order.adapters.sqlalchemy.statements import LAZY_COMMIT
from trivet_order.application import Message, tell
from trivet_order.application.leasing import ShardLeasesPort
from trivet_order.application.relaying import OutboxPort
from trivet_order.domain import InventoryRequested

LEASE_S = 60.0
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def told(aggregate_id: UUID, version: int) -> Message:
    """Return the message of an order's event, the same one for the same version."""
    return tell(
        InventoryRequested(
            event_id=uuid5(aggregate_id, str(version)),
            occurred_on=AT,
            aggregate_id=aggregate_id,
            aggregate_version=version,
        )
    )


def database_of(url: str) -> Database:
    """Return a relay's door to a database."""
    return Database(url, Limits(4, 10_000, 30_000, 30_000, 30_000), "tests", LAZY_COMMIT)


class Ground(Protocol):
    """See the module."""

    async def commit(self, *messages: Message) -> None: ...
    def outbox(self, holder: str, cluster: str = "main", epoch: int = 1) -> OutboxPort: ...
    def leases(self, holder: str, cluster: str = "main", epoch: int = 1) -> ShardLeasesPort: ...
    async def end_leases(self) -> None: ...
    async def end_blocks(self) -> None: ...
    async def published(self) -> Sequence[tuple[UUID, str, int]]: ...


class MemoryGround:
    """In memory."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._store = MemoryOutboxStore(lambda: self._now_s)

    async def commit(self, *messages: Message) -> None:
        """Commit messages, one after the other."""
        for message in messages:
            self._store.commit(shard_of(message.aggregate_id), message)

    def outbox(self, holder: str, cluster: str = "main", epoch: int = 1) -> MemoryOutbox:
        """Return a holder's outbox."""
        return MemoryOutbox(self._store, holder, (cluster, epoch))

    def leases(self, holder: str, cluster: str = "main", epoch: int = 1) -> MemoryLeases:
        """Return a holder's leases."""
        return MemoryLeases(self._store, holder, (cluster, epoch), LEASE_S)

    async def end_leases(self) -> None:
        """Let every lease be over."""
        self._now_s += LEASE_S + 1

    async def end_blocks(self) -> None:
        """Let every block be over."""
        for blocked in self._store.blocked.values():
            blocked.retry_at_s = float("-inf")

    async def published(self) -> Sequence[tuple[UUID, str, int]]:
        """Return what counts as published, and where."""
        return [(row.message.event_id, *row.published) for row in self._store.rows if row.published]


class SqlGround:
    """In PostgreSQL, as long as ``connection`` lives; whatever was in the outbox before is gone."""

    def __init__(self, url: str, connection: asyncpg.Connection) -> None:
        self.database = database_of(url)
        self.connection = connection

    async def empty(self) -> None:
        """Begin with nothing."""
        await self.connection.execute(
            "TRUNCATE outbox, outbox_failures, inbox; "
            "UPDATE outbox_leases SET holder = NULL, fence = 0, until = '-infinity', kafka_cluster = NULL, "
            "kafka_epoch = NULL"
        )

    async def commit(self, *messages: Message) -> None:
        """Commit messages, one after the other."""
        await self.connection.executemany(
            "INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                (
                    m.event_id,
                    m.aggregate_id,
                    m.aggregate_version,
                    shard_of(m.aggregate_id),
                    m.type,
                    m.version,
                    m.occurred_on,
                    m.body,
                )
                for m in messages
            ],
        )

    def outbox(self, holder: str, cluster: str = "main", epoch: int = 1) -> SqlAlchemyOutbox:
        """Return a holder's outbox."""
        return SqlAlchemyOutbox(self.database, holder, Relayed(cluster, epoch))

    def leases(self, holder: str, cluster: str = "main", epoch: int = 1) -> SqlAlchemyOutboxLeases:
        """Return a holder's leases."""
        return SqlAlchemyOutboxLeases(self.database, holder, Relayed(cluster, epoch), LEASE_S)

    async def end_leases(self) -> None:
        """Let every lease be over."""
        await self.connection.execute("UPDATE outbox_leases SET until = clock_timestamp()")

    async def end_blocks(self) -> None:
        """Let every block be over."""
        await self.connection.execute("UPDATE outbox_failures SET retry_at = '-infinity'")

    async def published(self) -> Sequence[tuple[UUID, str, int]]:
        """Return what counts as published, and where."""
        rows = await self.connection.fetch(
            "SELECT event_id, kafka_cluster, kafka_epoch FROM outbox WHERE published_at IS NOT NULL ORDER BY position"
        )
        return [(row["event_id"], row["kafka_cluster"], row["kafka_epoch"]) for row in rows]
