"""Checkouts in PostgreSQL, with what a test needs beside their port: orders, leases that end when it says so, rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from order_contracts import HeldByOne

from trivet_order.adapters.sqlalchemy import Database, Limits, SqlAlchemyUnitsOfWork
from trivet_order.adapters.sqlalchemy.saga_leases import SqlAlchemySagaLeases
from trivet_order.adapters.sqlalchemy.sagas import SqlAlchemySagas
from trivet_order.adapters.sqlalchemy.statements import PLANNED_EACH_TIME
from trivet_order.application import Message
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import SagaState, Step

LEASE_S = 60.0
MANY = """
WITH made AS (SELECT gen_random_uuid() AS id, number FROM generate_series(1, $1::int) AS number),
ordered AS (
    INSERT INTO orders (id, customer_id, account_id, status, version)
    SELECT id, 'someone', 'account', 'Order Created', 1 FROM made
), lined AS (
    INSERT INTO order_lines (order_id, position, item_id, quantity) SELECT id, 1, 'umbrella', 1 FROM made
)
INSERT INTO sagas (order_id, shard, state, attempts, due_at)
SELECT id, number % 16, 'created', $2, clock_timestamp() - make_interval(secs => $3::float8 - number * 0.0001) FROM made
"""
"""So many orders, whose checkouts were tried so often and are due since so many seconds."""


class SqlSagas(HeldByOne):
    """SagaGround on a database, through connections of its own; a test that asks more of it gives it ``connection``."""

    def __init__(self, url: str, connection: asyncpg.Connection | None = None) -> None:
        super().__init__()
        limits = Limits(6, 30_000, 30_000, 30_000, 30_000)
        self.database = Database(url, limits, "tests", PLANNED_EACH_TIME)
        self.units = SqlAlchemyUnitsOfWork(self.database, lambda: None)
        self._connection = connection

    @property
    def connection(self) -> asyncpg.Connection:
        """The test's own connection."""
        assert self._connection is not None
        return self._connection

    def store(self, holder: str = "a") -> SqlAlchemySagas:
        return SqlAlchemySagas(self.database, holder)

    def leases(self, holder: str = "a") -> SqlAlchemySagaLeases:
        return SqlAlchemySagaLeases(self.database, holder, LEASE_S)

    async def all_leases(self, holder: str = "a") -> Sequence[Lease]:
        return await self.all_of(self.leases(holder), holder)

    async def end_leases(self) -> None:
        await self.rows("UPDATE saga_leases SET until = clock_timestamp()")

    async def end_leases_but(self, shard: int) -> None:
        """Let every lease be over but that of a shard."""
        await self.rows("UPDATE saga_leases SET until = clock_timestamp() WHERE shard <> $1", shard)

    async def empty(self) -> None:
        await self.rows("TRUNCATE orders, order_lines, outbox, sagas, saga_steps, order_keys")

    async def steps(self, order_id: UUID) -> Sequence[Step]:
        told = "SELECT event, state, attempts, detail FROM saga_steps WHERE order_id = $1 ORDER BY position, ordinal"
        return [
            Step(event, SagaState(state), tries, detail)
            for event, state, tries, detail in await self.rows(told, order_id)
        ]

    async def published(self, order_id: UUID) -> Sequence[Message]:
        columns = "event_id, aggregate_id, aggregate_version, type, version, occurred_on, traceparent, body"
        told = f"SELECT {columns} FROM outbox WHERE aggregate_id = $1 ORDER BY position"  # noqa: S608  - names of ours
        return [Message(*row) for row in await self.rows(told, order_id)]

    async def many(self, count: int, attempts: int = 0, due_since_s: float = 3600.0) -> None:
        """Accept so many orders at once (see MANY)."""
        await self.rows(MANY, count, attempts, due_since_s)

    async def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Return what a statement says."""
        async with self.database.alone() as driver:
            return [tuple(row) for row in await driver.fetch(sql, *arguments)]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[SqlSagas, asyncpg.Connection]]:
    """Open an empty ground, and a connection of somebody else."""
    first, second = [await asyncpg.connect(url, server_settings={"statement_timeout": "60s"}) for _ in range(2)]
    ground = SqlSagas(url, first)
    try:
        await ground.empty()
        await ground.rows("UPDATE saga_leases SET holder = NULL, fence = 0, until = '-infinity'")
        yield ground, second
    finally:
        await first.close()
        await second.close()
        await ground.database.close()
