"""What PostgreSQL alone can show of the outbox: who waits for whom, what is forgotten, and what a batch costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from relay_grounds import SqlGround, told

from trivet_order.adapters.sqlalchemy.outbox_pruning import WINDOW_ROWS, OutboxPruner
from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_order.adapters.sqlalchemy.sql import statement

HOLDER = "a"
BATCH = 200
PLACE = ("main", 1)
WAITING_FOR_A_LOCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
_FILL = """
INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body,
                    recorded_at, published_at, kafka_cluster, kafka_epoch)
SELECT gen_random_uuid(), gen_random_uuid(), 1, number % 16, 'OrderCreated', 1, now(), decode(repeat('7b', 400), 'hex'),
       now() - $2::interval, {}
FROM generate_series(1, $1::int) AS number
"""
PUBLISHED = _FILL.format("now() - $2::interval, 'main', 1")
WAITING = _FILL.format("NULL, NULL, NULL")


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[SqlGround, asyncpg.Connection]]:
    """Open an empty ground, and a connection of somebody else."""
    first, second = await asyncpg.connect(url), await asyncpg.connect(url)
    ground = SqlGround(url, first)
    try:
        await ground.empty()
        yield ground, second
    finally:
        await first.close()
        await second.close()
        await ground.database.close()


async def until_one_waits_for_a_lock(connection: asyncpg.Connection) -> None:
    async with asyncio.timeout(30):
        while not await connection.fetchval(WAITING_FOR_A_LOCK):  # noqa: ASYNC110  - the server changes it
            await asyncio.sleep(0)


class TestAMarkAndATakingOfItsShard:
    async def test_a_shard_whose_mark_is_being_made_is_not_taken(self, url: str) -> None:
        async with opened(url) as (ground, other):
            await ground.commit(told(uuid4(), 1))
            leases = await ground.leases(HOLDER).take(SHARDS, [])
            (claimed,) = await ground.outbox(HOLDER).claim(leases, 10)
            await ground.end_leases()
            lease = next(each for each in leases if each.shard == claimed.shard)
            async with other.transaction():
                mark = statement("mark_published")
                await other.execute(mark, HOLDER, [lease.shard], [lease.fence], *PLACE, [claimed.position])
                taken = await ground.leases("b").take(SHARDS, [])
                assert {each.shard for each in taken} == set(range(SHARDS)) - {lease.shard}
            (last,) = await ground.leases("b").take(SHARDS, taken)
            assert last.shard == lease.shard
            assert await ground.outbox("b").claim([*taken, last], 10) == []

    async def test_a_mark_waits_for_a_taking_and_is_then_refused(self, url: str) -> None:
        async with opened(url) as (ground, other):
            await ground.commit(told(uuid4(), 1))
            leases = await ground.leases(HOLDER).take(SHARDS, [])
            claimed = await ground.outbox(HOLDER).claim(leases, 10)
            await ground.end_leases()
            async with asyncio.TaskGroup() as group, other.transaction():
                take = ground.leases("b")._take
                taken = await other.fetch(take, "b", [], SHARDS, timedelta(seconds=60), *PLACE)
                assert len(taken) == SHARDS
                marking = group.create_task(ground.outbox(HOLDER).mark(leases, claimed))
                await until_one_waits_for_a_lock(ground.connection)
            assert marking.result() == 0
            assert await ground.published() == []


class TestPruning:
    async def test_what_is_old_and_known_to_the_inbox_goes_and_nothing_else(self, url: str) -> None:
        async with opened(url) as (ground, _):
            sql, day = ground.connection, timedelta(hours=24)
            await sql.execute(PUBLISHED, 3, timedelta(hours=25))  # positions 1 to 3: old
            await sql.execute(WAITING, 1, timedelta(hours=25))  # 4: old, and not published
            await sql.execute(PUBLISHED, 2, timedelta(hours=23))  # 5 and 6: young
            first = await sql.fetchval("SELECT min(position) FROM outbox")
            await sql.execute(
                "INSERT INTO inbox (consumer, event_id) "
                "SELECT CASE WHEN position = $1 + 1 THEN 'another' ELSE 'order-timeline' END, event_id FROM outbox",
                first,
            )
            pruner = OutboxPruner(ground.database, day)
            assert await pruner.prune() == 2
            left = [row["position"] - first for row in await sql.fetch("SELECT position FROM outbox ORDER BY position")]
            assert left == [1, 3, 4, 5]
            assert await pruner.prune() == 0

    async def test_more_than_a_window_is_pruned_and_the_young_end_it(self, url: str) -> None:
        async with opened(url) as (ground, _):
            sql = ground.connection
            await sql.execute(PUBLISHED, WINDOW_ROWS + 500, timedelta(hours=30))
            await sql.execute("INSERT INTO inbox (consumer, event_id) SELECT 'order-timeline', event_id FROM outbox")
            await sql.execute(PUBLISHED, 10, timedelta(hours=1))
            assert await OutboxPruner(ground.database, timedelta(hours=24)).prune() == WINDOW_ROWS + 500
            assert await sql.fetchval("SELECT count(*) FROM outbox") == 10


def buffers(explained: list[asyncpg.Record]) -> int:
    plan: dict[str, Any] = json.loads(explained[0][0])[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def cost_of_a_batch(ground: SqlGround, published: int) -> float:
    """Return the buffers an event of a claim and a mark, beside so many published rows."""
    sql = ground.connection
    await ground.empty()
    await sql.execute(PUBLISHED, published, timedelta(0))
    await sql.execute("VACUUM ANALYZE outbox")
    leases = await ground.leases(HOLDER).take(SHARDS, [])
    await sql.execute(WAITING, BATCH, timedelta(0))
    mine = (HOLDER, [lease.shard for lease in leases], [lease.fence for lease in leases])
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
    claimed = await ground.outbox(HOLDER).claim(leases, BATCH * SHARDS)
    assert len(claimed) == BATCH
    claim = await sql.fetch(explain + statement("claim_messages"), *mine, BATCH, BATCH)
    positions = [each.position for each in claimed]
    mark = await sql.fetch(explain + statement("mark_published"), *mine, *PLACE, positions)
    assert await ground.outbox(HOLDER).claim(leases, BATCH) == []
    return (buffers(claim) + buffers(mark)) / BATCH


async def test_a_batch_costs_as_much_beside_ten_times_as_many_published_rows(url: str) -> None:
    async with opened(url) as (ground, _):
        few = await cost_of_a_batch(ground, 10_000)
        many = await cost_of_a_batch(ground, 100_000)
        assert many <= 1.3 * few, (many, few)


async def test_a_batch_is_two_statements(url: str) -> None:
    async with opened(url) as (ground, other):
        await ground.commit(*(told(uuid4(), 1) for _ in range(50)))
        leases = await ground.leases(HOLDER).take(SHARDS, [])
        before = await transactions(other)
        claimed = await ground.outbox(HOLDER).claim(leases, 1000)
        assert await ground.outbox(HOLDER).mark(leases, claimed) == 50
        assert await transactions(other) - before == 1, "a mark is one transaction, and a claim writes nothing"


async def transactions(connection: asyncpg.Connection) -> int:
    """Return how many transactions have been given a number, which only those that write are."""
    return int(await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
