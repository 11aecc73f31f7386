"""Checkouts in PostgreSQL, with what a test needs beside their port: orders, leases that end when it says so, rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from order_contracts.samples import PRICES, placed, store

from trivet_order.adapters.sqlalchemy import Database, Limits, SqlAlchemyUnitsOfWork
from trivet_order.adapters.sqlalchemy.saga_leases import SqlAlchemySagaLeases
from trivet_order.adapters.sqlalchemy.sagas import SqlAlchemySagas
from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_order.adapters.sqlalchemy.statements import PLANNED_EACH_TIME
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import ENDS, Change, Found, SagaState, Step
from trivet_order.domain import OrderAggregate

LEASE_S = 60.0
AT = datetime(2026, 2, 1, tzinfo=UTC)
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


class SagaGround:
    """A database of checkouts, empty at first."""

    def __init__(self, url: str, connection: asyncpg.Connection) -> None:
        limits = Limits(6, 10_000, 10_000, 10_000, 10_000)
        self.database = Database(url, limits, "tests", PLANNED_EACH_TIME)
        self.units = SqlAlchemyUnitsOfWork(self.database, lambda: None)
        self.connection = connection

    def sagas(self, holder: str = "a") -> SqlAlchemySagas:
        """Return a holder's checkouts."""
        return SqlAlchemySagas(self.database, holder)

    def leases(self, holder: str = "a") -> SqlAlchemySagaLeases:
        """Return a holder's leases."""
        return SqlAlchemySagaLeases(self.database, holder, LEASE_S)

    async def all_leases(self, holder: str = "a") -> list[Lease]:
        """Take whatever is free."""
        return list(await self.leases(holder).take(SHARDS, []))

    async def end_leases(self) -> None:
        """Let every lease be over."""
        await self.connection.execute("UPDATE saga_leases SET until = clock_timestamp()")

    async def end_leases_but(self, shard: int) -> None:
        """Let every other lease be over."""
        await self.connection.execute("UPDATE saga_leases SET until = clock_timestamp() WHERE shard <> $1", shard)

    async def order(self) -> OrderAggregate:
        """Accept an order of one stock line and one of seats."""
        return await store(self.units, placed())

    async def many(self, count: int, attempts: int = 0, due_since_s: float = 3600.0) -> None:
        """Accept so many orders at once (see MANY)."""
        await self.connection.execute(MANY, count, attempts, due_since_s)

    async def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Return what a statement says."""
        return [tuple(row) for row in await self.connection.fetch(sql, *arguments)]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[SagaGround, asyncpg.Connection]]:
    """Open an empty ground, and a connection of somebody else."""
    first, second = [await asyncpg.connect(url, server_settings={"statement_timeout": "60s"}) for _ in range(2)]
    ground = SagaGround(url, first)
    try:
        await first.execute(
            "TRUNCATE orders, order_lines, outbox, sagas, saga_steps, order_keys; "
            "UPDATE saga_leases SET holder = NULL, fence = 0, until = '-infinity'"
        )
        yield ground, second
    finally:
        await first.close()
        await second.close()
        await ground.database.close()


def begun(found: Found) -> Change:
    """Return the change that begins a checkout."""
    return _change(found, SagaState.HOLDING, "begun", OrderAggregate.begin)


def reserved(found: Found) -> Change:
    """Return the change that has everything held, and asks for payment."""

    def reserve(order: OrderAggregate) -> None:
        order.mark_reserved(PRICES)
        order.request_payment()

    return _change(found, SagaState.CHARGING, "held", reserve)


def waiting(found: Found, error: str = "nobody answered") -> Change:
    """Return the change that has it tried again in a minute."""
    saga = replace(found.saga, version=found.saga.version + 1, attempts=found.saga.attempts + 1)
    step = Step("no answer", saga.state, saga.attempts, error)
    return Change(found.saga, saga, found.order, found.order.version, (), (step,), 60.0)


def cancelled(found: Found, reason: str = "sold out") -> Change:
    """Return the change that ends it without a sale."""
    return _change(found, SagaState.CANCELLED, "released", lambda order: order.cancel(reason))


def parked(found: Found, why: str) -> Change:
    """Return the change that leaves it to an operator."""
    saga = replace(found.saga, version=found.saga.version + 1, parked=why)
    step = Step("parked", saga.state, saga.attempts, why)
    return Change(found.saga, saga, found.order, found.order.version, (), (step,), None)


def after(change: Change) -> Found:
    """Return a checkout as it is after its change."""
    return Found(change.after, change.order)


def _change(found: Found, state: SagaState, event: str, move: Any) -> Change:
    version = found.order.version
    move(found.order)
    saga = replace(found.saga, state=state, version=found.saga.version + 1, attempts=0, deadline_on=AT)
    events = found.order.pull_events(AT)
    step = Step(event, state, 0)
    return Change(found.saga, saga, found.order, version, events, (step,), None if state in ENDS else 60.0)


def ids(found: Sequence[Found]) -> list[UUID]:
    """Return whose they are."""
    return [each.order.id for each in found]
