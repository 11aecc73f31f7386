"""What checkouts cost the database, counted: statements, flushes, and the pages that a claim reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from order_contracts.saga_grounds import advanced, new_order
from order_contracts.samples import PRICES
from sql_sagas import SqlSagas, opened

from trivet_order.adapters.sqlalchemy.sagas import CLAIM, RECORD
from trivet_order.adapters.sqlalchemy.shard_leases import named
from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_order.application.saga import Change, Decision, Found, SagaEvent

LIMIT = 200
STEPS: Sequence[Decision | SagaEvent] = (
    SagaEvent.BEGUN,
    Decision(SagaEvent.HELD, prices=PRICES),
    SagaEvent.CHARGED,
    SagaEvent.SOLD,
)
FLUSHES = "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return every statement that any connection runs from now on."""
    said: list[str] = []
    ask, say = asyncpg.Connection.fetch, asyncpg.Connection.execute

    async def fetch(self: Any, query: str, *arguments: Any, **how: Any) -> Any:
        said.append(query)
        return await ask(self, query, *arguments, **how)

    async def execute(self: Any, query: str, *arguments: Any, **how: Any) -> Any:
        said.append(query)
        return await say(self, query, *arguments, **how)

    monkeypatch.setattr(asyncpg.Connection, "fetch", fetch)
    monkeypatch.setattr(asyncpg.Connection, "execute", execute)
    return said


async def taken_through(ground: SqlSagas, found: Sequence[Found]) -> None:
    """Record every step of a sale, those of all together."""
    leases, store = await ground.all_leases(), ground.store()
    for step in STEPS:
        changes: list[Change] = [advanced(each, step) for each in found]
        assert len(await store.record(leases, changes)) == len(found)
        found = [Found(change.after, change.order) for change in changes]


async def test_a_batch_costs_one_statement_a_step_however_many_it_is_of(url: str, said: list[str]) -> None:
    async with opened(url) as (ground, _):
        for _ in range(40):
            await new_order(ground)
        leases = await ground.all_leases()
        said.clear()
        found = (await ground.store().claim(leases, LIMIT, [])).found
        assert len(said) == 1
        await taken_through(ground, found)
        assert [each for each in said if "saga_leases AS lease\nSET" not in each] == [CLAIM, *[RECORD] * len(STEPS)]
        assert await ground.rows("SELECT DISTINCT state FROM sagas") == [("confirmed",)]
        assert await ground.rows("SELECT DISTINCT status FROM orders") == [("Order Confirmed",)]


async def test_a_batch_costs_one_flush_a_step(url: str) -> None:
    """A flush is counted by the backend that waits for it, and told when its connection ends."""
    async with opened(url) as (ground, other):
        await ground.many(LIMIT)
        leases = await ground.all_leases()
        found = (await ground.store().claim(leases, LIMIT, [])).found
        prices = {each.order.id: PRICES[:1] for each in found}
        assert len(prices) == LIMIT
        await ground.database.close()
        before = await settled(other)
        store = (ground := SqlSagas(url)).store()
        for step in (SagaEvent.BEGUN, Decision(SagaEvent.HELD, prices=PRICES[:1]), SagaEvent.CHARGED, SagaEvent.SOLD):
            changes = [advanced(each, step) for each in found]
            assert len(await store.record(leases, changes)) == LIMIT
            found = [Found(change.after, change.order) for change in changes]
        await ground.database.close()
        flushes = await settled(other) - before
        assert flushes <= 0.2 * LIMIT, flushes


async def settled(connection: asyncpg.Connection) -> int:
    """Return how often the log was flushed, once nobody counts any more."""
    last = -1
    while (now := int(await connection.fetchval(FLUSHES))) != last:
        last = now
        await connection.execute("SELECT pg_stat_force_next_flush()")
        await asyncio.sleep(0.2)  # a connection that ends tells what it counted when it does
    return last


async def cost_of_a_claim(ground: SqlSagas, backlog: int) -> tuple[int, str]:
    """Return the pages that a claim reads, and its plan."""
    await ground.empty()
    await ground.many(backlog)
    connection = ground.connection
    await connection.execute("VACUUM ANALYZE sagas; ")
    await connection.execute("VACUUM ANALYZE orders")
    await connection.execute("VACUUM ANALYZE order_lines")
    leases = await ground.all_leases()
    arguments = (*named("a", leases), [], 2 * LIMIT // SHARDS, LIMIT)
    assert len(await connection.fetch(CLAIM, *arguments)) == LIMIT
    (explained,) = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {CLAIM}", *arguments)
    plan: dict[str, Any] = json.loads(explained[0])[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]), explained[0]


async def test_a_claim_costs_as_much_with_a_backlog_of_a_hundred_thousand(url: str) -> None:
    async with opened(url) as (ground, _):
        await ground.connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_custom_plan")
        few, _ = await cost_of_a_claim(ground, 1_000)
        await ground.connection.execute("RESET enable_seqscan")
        many, plan = await cost_of_a_claim(ground, 100_000)
        assert "sagas_fresh" in plan
        assert "sagas_retrying" in plan
        scanned = [
            each["Relation Name"] for each in nodes(json.loads(plan)[0]["Plan"]) if each["Node Type"] == "Seq Scan"
        ]
        assert scanned == ["saga_leases"]
        assert many <= 1.5 * few, (many, few)


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a plan's nodes."""
    return [plan, *(each for inner in plan.get("Plans", ()) for each in nodes(inner))]
