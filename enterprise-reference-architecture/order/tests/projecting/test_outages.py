"""Kafka dies, PostgreSQL restarts, a projector sleeps through its session: nothing is lost and nothing comes twice."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # aiokafka ships no types
from order_events import partition_of, seeded, told
from projector_bench import PARTITIONS, Bench, events_of

from trivet_order.application.messages import Message
from trivet_order.migrations import migrate
from trivet_platform import Kafka, Postgres, Supervisor

pytestmark = pytest.mark.long


@pytest.fixture
def own(bench: Bench, supervisor: Supervisor) -> Iterator[Callable[..., Bench]]:
    """Return what makes the bench one with servers of its own, which may be broken."""
    started: list[Kafka | Postgres] = []

    def make(kafka: Kafka | None = None, postgres: Postgres | None = None) -> Bench:
        servers, url = bench.servers, bench.database_url
        if kafka is not None:
            supervisor.start(kafka)
            started.append(kafka)
            servers = kafka.servers
            kafka.create_topic(bench.topic, PARTITIONS)
        if postgres is not None:
            supervisor.start(postgres)
            started.append(postgres)
            url = postgres.create_database(f"order_{uuid.uuid4().hex[:12]}")
            migrate(url)
        return Bench(servers, bench.topic, url, bench._start)

    yield make
    for part in started:
        supervisor.stop(part)


async def _under_load(bench: Bench, messages: list[Message], breaks: Callable[[], None]) -> None:
    """Send one event after another and have something broken meanwhile; each is sent until it is acknowledged."""
    breaking = None
    async with AIOKafkaProducer(bootstrap_servers=bench.servers, enable_idempotence=True) as producer:
        for number, message in enumerate(messages):
            if number == len(messages) // 3:
                breaking = asyncio.create_task(asyncio.to_thread(breaks))
            partition = partition_of(message, PARTITIONS)
            await producer.send_and_wait(bench.topic, message.body, partition=partition)
    assert breaking is not None
    await breaking


def _settled(bench: Bench, messages: list[Message]) -> None:
    bench.until_arrived(messages)
    bench.until(lambda: not asyncio.run(bench.unsettled()))
    assert bench.written(messages) == told(messages)
    assert not bench.parked()


def test_kafka_is_killed_and_restarted_under_load(own: Callable[..., Bench], supervisor: Supervisor) -> None:
    kafka = Kafka("kafka-mortal", {"group.min.session.timeout.ms": "500"})
    bench = own(kafka=kafka)
    bench.start(), bench.start()
    messages = events_of(seeded(1), orders=150)

    def breaks() -> None:
        kafka.kill()
        supervisor.start(kafka)

    asyncio.run(_under_load(bench, messages, breaks))
    _settled(bench, messages)


def test_postgres_is_restarted_under_load(own: Callable[..., Bench], supervisor: Supervisor) -> None:
    postgres = Postgres("postgres-mortal")
    bench = own(postgres=postgres)
    bench.start(), bench.start()
    messages = events_of(seeded(2), orders=150)

    def breaks() -> None:
        for _ in range(2):
            postgres.kill()
            supervisor.start(postgres)

    asyncio.run(_under_load(bench, messages, breaks))
    _settled(bench, messages)


@pytest.mark.parametrize("moment", ["after_poll", "before_commit", "after_commit"])
def test_a_projector_that_slept_through_its_session_takes_nothing_from_the_other(
    bench: Bench, supervisor: Supervisor, moment: str
) -> None:
    # It stands still with a batch in hand for three sessions; meanwhile the other one gets its partitions and records.
    sleeper = bench.start(TRIVET_FAILPOINTS=f"order.projector.{moment}=pause:4000@2")
    messages = events_of(seeded(3), orders=60)
    asyncio.run(bench.send(messages[:20]))
    other = bench.start()
    asyncio.run(bench.send(messages[20:]))
    _settled(bench, messages)
    assert "pause:4000" in (supervisor.directory / "log" / f"{sleeper.name}.log").read_text()
    assert sleeper.pids
    assert other.pids
    more = events_of(seeded(4), orders=20)
    asyncio.run(bench.send(more))
    _settled(bench, more)
    assert bench.written(messages) == told(messages)
