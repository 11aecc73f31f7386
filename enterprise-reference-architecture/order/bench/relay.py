"""What relaying costs: events a second beside faststream-outbox, from commit to acknowledgement, and beside a past.

    ./trivet bench relay [--quick]

Both sides relay the same bodies from the same PostgreSQL to the same Kafka in one event loop of this process, one after
the other, each by an idempotent producer that waits for all replicas. Of the outboxes that Python has, the peer is the
one that is maintained, has its own tables and relays to Kafka: `txoutbox` leaves claim and mark to its user,
`pgrelay` has no Kafka, `walbox` reads the WAL and needs a server that is set up for it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import uvloop
from _outboxes import INSERT, TELLING_INSERT, FastStreamOutbox, Ours, Side, some_events

from trivet_lab.bench import Measured, alternate, bench_main, median_ratio
from trivet_order.adapters.kafka.topics import create_topic
from trivet_order.adapters.sqlalchemy.sharding import SHARDS, shard_of
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.migrations import migrate
from trivet_platform import Kafka, Postgres, Program, Supervisor, free_port

BATCHES = (100, 500)
BAR = 3.0
P99_MS_MAX = 100.0
GROWTH_MAX = 1.2
RATE_PER_S = 500
WRITERS = 16
FEW, MANY = 10_000, 1_000_000
WHY_RATE = (
    "Claim and mark are two statements a batch; the rest is aiokafka, the driver and the broker, on two processors."
)
WHY_P99 = "The inserter, PostgreSQL, Kafka and the relay share two processors."
WHY_GROWTH = "A mark makes new entries in three indexes, and these are deeper beside more rows."
FILL = """
INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body,
                    published_at, kafka_cluster, kafka_epoch)
SELECT gen_random_uuid(), gen_random_uuid(), 1, number % 16, 'OrderCreated', 1, now(), decode(repeat('7b', 400), 'hex'),
       {}
FROM generate_series(1, $1::int) AS number
"""
PUBLISHED = FILL.format("now(), 'main', 1")
WAITING = FILL.format("NULL, NULL, NULL")
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
WAITED_MS = """
SELECT percentile_disc(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (
    ORDER BY extract(epoch FROM published_at - recorded_at) * 1000
)::float8[] FROM outbox
"""


def rates(runner: asyncio.Runner, url: str, kafka: Kafka, *, quick: bool) -> list[Measured]:
    """Measure how many events a second both sides relay, by batch size."""
    pairs, events = (2, 1_000) if quick else (8, 4_000)
    measured = []
    for batch in BATCHES:
        sides: list[Side] = []
        for make in (Ours, FastStreamOutbox):
            topic = f"bench-{uuid.uuid4().hex[:8]}"
            runner.run(create_topic([kafka.servers], topic))
            side = runner.run(_opened(make, url, kafka.servers, topic, batch))
            sides.append(side)

        def draining(side: Side) -> Callable[[], float]:
            def events_per_s() -> float:
                runner.run(side.refresh())
                return events / runner.run(side.drain(some_events(events)))

            return events_per_s

        found = alternate(draining(sides[0]), draining(sides[1]), pairs)
        for side in sides:
            runner.run(side.close())
        measured.append(
            Measured(
                bench=f"relay-{batch}",
                unit="events/s",
                compares=(
                    f"{events:,} events of as many orders, committed at once, until the outbox knows all of them as "
                    f"sent, in batches of {batch}: ours in each order's order; peer faststream-outbox with 64 workers "
                    "and batched deletes, in no order."
                ),
                pairs=found,
                bar=BAR,
                why="" if median_ratio(found, bound=False) >= BAR else WHY_RATE,
            )
        )
    return measured


async def _opened(make: type[Ours | FastStreamOutbox], url: str, servers: str, topic: str, batch: int) -> Side:
    side = make(url, servers, topic, batch)
    await side.open()
    return side


async def insert_at_a_rate(url: str, seconds: float) -> None:
    """Commit events evenly, each in a transaction of its own, whether the earlier ones were relayed or not."""
    pool = await asyncpg.create_pool(url, min_size=8, max_size=8)
    began = time.perf_counter()

    async def insert(number: int) -> None:
        await asyncio.sleep(began + number / RATE_PER_S - time.perf_counter())
        ((order, body),) = some_events(1)
        await pool.execute(INSERT, uuid.uuid4(), order, shard_of(order), body)

    await asyncio.gather(*(insert(number) for number in range(round(RATE_PER_S * seconds))))
    while await pool.fetchval(UNPUBLISHED):  # noqa: ASYNC110  - another process changes it
        await asyncio.sleep(0.01)
    await pool.close()


async def asked(url: str, sql: str) -> list[float]:
    """Return what a statement returns."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchval(sql)
        return list(found or [])
    finally:
        await connection.close()


async def commits_per_s(url: str, sql: str, count: int) -> float:
    """Return how many such inserts a second connections commit that do nothing else."""
    pool = await asyncpg.create_pool(url, min_size=WRITERS, max_size=WRITERS)
    try:

        async def commit(events: list[tuple[uuid.UUID, bytes]]) -> None:
            for order, body in events:
                await pool.execute(sql, uuid.uuid4(), order, shard_of(order), body)

        shares = [some_events(count // WRITERS) for _ in range(WRITERS)]
        began = time.perf_counter()
        await asyncio.gather(*(commit(share) for share in shares))
        return count / (time.perf_counter() - began)
    finally:
        await pool.close()


def wake_up(runner: asyncio.Runner, url: str, *, quick: bool) -> Measured:
    """Measure what writers pay for a relay that is told of each commit, which ours is not."""
    pairs, count = (2, 800) if quick else (6, 4_000)
    found = alternate(
        lambda: runner.run(commits_per_s(url, INSERT, count)),
        lambda: runner.run(commits_per_s(url, TELLING_INSERT, count)),
        pairs,
    )
    runner.run(asked(url, "TRUNCATE outbox"))  # nobody relays these, and the next relay would
    return Measured(
        bench="relay-notify",
        unit="commits/s",
        compares=(
            f"Transactions of one event by {WRITERS} connections without pause: ours tells nobody, since the relay "
            "looks by itself; peer says NOTIFY in each."
        ),
        pairs=found,
        why="no bar was promised: it is why the relay polls.",
    )


def latency(runner: asyncio.Runner, supervisor: Supervisor, url: str, kafka: Kafka, *, quick: bool) -> Measured:
    """Measure how long an event waits, from its insertion to its mark, by a relay that is a process."""
    times, seconds = (2, 2.0) if quick else (6, 10.0)
    topic = f"bench-{uuid.uuid4().hex[:8]}"
    runner.run(create_topic([kafka.servers], topic))
    listen = f"127.0.0.1:{free_port()}"
    environment = {
        "TRIVET_ORDER_LISTEN": listen,
        "TRIVET_ORDER_DATABASE_URL": url,
        "TRIVET_ORDER_KAFKA_SERVERS": kafka.servers,
        "TRIVET_ORDER_TOPIC": topic,
    }
    argv = [sys.executable, "-c", "from trivet_order.entrypoints.cli import main; main()", "relay"]
    relay = Program("relay", argv, environment, listen, f"http://{listen}/readyz")
    supervisor.start(relay)
    waits: list[list[float]] = []

    def p99_ms() -> float:
        runner.run(asked(url, "TRUNCATE outbox"))
        runner.run(insert_at_a_rate(url, seconds))
        waits.append(runner.run(asked(url, WAITED_MS)))
        return waits[-1][1]

    p99_ms()
    pairs = [(p99_ms(), P99_MS_MAX) for _ in range(times)]
    supervisor.stop(relay)
    p50_ms, _, max_ms = (statistics.median(wait[at] for wait in waits[1:]) for at in (0, 1, 2))
    return Measured(
        bench="relay-p99",
        unit="ms",
        compares=(
            f"The 99th percentile from an event's insertion to the mark that follows Kafka's acknowledgement, which is "
            f"more than from commit to acknowledgement, with {RATE_PER_S} events a second committed one by one."
        ),
        pairs=pairs,
        bound=True,
        why="" if median_ratio(pairs, bound=True) >= 1 else WHY_P99,
        figures={"median, ms": round(p50_ms, 2), "the most, ms": round(max_ms, 2)},
    )


async def buffers_an_event(url: str, published: int, batch: int) -> float:
    """Return the buffers an event of a claim, a mark and the claim that finds no more, beside so many published."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("TRUNCATE outbox")
        await connection.execute(PUBLISHED, published, timeout=600)
        await connection.execute("VACUUM ANALYZE outbox", timeout=600)
        await connection.execute(
            "UPDATE outbox_leases SET holder = 'bench', fence = 1, until = now() + $1, kafka_cluster = 'main', "
            "kafka_epoch = 1",
            timedelta(hours=1),
        )
        await connection.execute(WAITING, batch)
        mine = ("bench", list(range(SHARDS)), [1] * SHARDS)
        explain, claim = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ", statement("claim_messages")
        rows = await connection.fetch(claim, *mine, batch, batch)
        positions = [row["position"] for row in rows]
        plans = [
            await connection.fetchval(explain + claim, *mine, batch, batch),
            await connection.fetchval(explain + statement("mark_published"), *mine, "main", 1, positions),
            await connection.fetchval(explain + claim, *mine, batch, batch),
        ]
        tops = [json.loads(plan)[0]["Plan"] for plan in plans]
        return sum(top["Shared Hit Blocks"] + top["Shared Read Blocks"] for top in tops) / len(positions)
    finally:
        await connection.close()


def growth(runner: asyncio.Runner, url: str, *, quick: bool) -> Measured:
    """Count what a batch costs beside a million published events and beside ten thousand: two statements always."""
    many = MANY // 10 if quick else MANY
    counted = {
        batch: (
            runner.run(buffers_an_event(url, many, batch)),
            runner.run(buffers_an_event(url, FEW, batch)),
        )
        for batch in BATCHES
    }
    pairs = [(beside_many / beside_few, GROWTH_MAX) for beside_many, beside_few in counted.values()]
    shown = {
        f"buffers an event, batch of {batch}": f"{beside_many:.2f} beside {many:,}, {beside_few:.2f} beside {FEW:,}"
        for batch, (beside_many, beside_few) in counted.items()
    }
    return Measured(
        bench="relay-growth",
        unit="times",
        compares=(
            f"How many times the buffers that an event's claim and mark touch beside {FEW:,} published events are "
            f"touched beside {many:,}. The statements are the same two a batch."
        ),
        pairs=pairs,
        bound=True,
        why="" if median_ratio(pairs, bound=True) >= 1 else WHY_GROWTH,
        figures=shown,
    )


def measure(*, quick: bool) -> list[Measured]:
    """Start the servers, and measure one thing after the other."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Supervisor(Path(folder)) as supervisor,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        postgres, kafka = Postgres(), Kafka()
        supervisor.start(postgres, kafka)
        url = postgres.create_database("order")
        migrate(url)
        return [
            wake_up(runner, url, quick=quick),
            *rates(runner, url, kafka, quick=quick),
            latency(runner, supervisor, url, kafka, quick=quick),
            growth(runner, url, quick=quick),
        ]


if __name__ == "__main__":
    bench_main(__file__, measure)
