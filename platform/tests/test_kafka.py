"""A real broker: what it acknowledged survives what a fault does to it, and it forgets when it is told to."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from trivet_platform import Kafka, KafkaFailed, Shelf, StartFailed, Supervisor
from trivet_platform.kafka_wire import Cluster, KafkaWire

COUNT = 300


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A client tells of each connection that it cannot make while its broker is away."""
    logger = logging.getLogger("aiokafka")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


async def send(servers: str, topic: str, count: int, at: dict[int, Callable[[], object]]) -> list[bytes]:
    """Send values one after the other, doing what is due while one is under way, and return what was acknowledged."""
    acknowledged = []
    patient = {"enable_idempotence": True, "acks": "all", "request_timeout_ms": 60_000}
    async with AIOKafkaProducer(bootstrap_servers=servers, **patient) as producer:
        for number in range(count):
            sending = asyncio.ensure_future(producer.send_and_wait(topic, str(number).encode()))
            if number in at:
                await asyncio.to_thread(at[number])
            await sending
            acknowledged.append(str(number).encode())
    return acknowledged


async def receive(servers: str, topic: str, group: str | None = None) -> list[bytes]:
    """Return everything that a topic of one partition has."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest")
    found: list[bytes] = []
    async with consumer:
        while not (partitions := consumer.assignment()):
            await consumer.getmany(timeout_ms=50)
        [(_, end)] = (await consumer.end_offsets(partitions)).items()
        [partition] = partitions
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [record.value for record in records if record.value is not None]
        if group is not None:
            await consumer.commit()
    return found


def shown(kafka: Kafka) -> tuple[list[str], list[str]]:
    with KafkaWire("127.0.0.1", kafka.port, 5) as wire:
        return wire.cluster().topics, wire.groups()


def test_what_was_acknowledged_survives_a_pause_and_a_kill_under_load(supervisor: Supervisor) -> None:
    kafka = Kafka("hit-kafka")
    supervisor.start(kafka)
    servers = kafka.servers
    cluster = (supervisor.directory / "parts" / kafka.name / "data" / "meta.properties").read_text()
    kafka.create_topic("sold")

    def pause() -> None:
        kafka.pause()
        assert kafka.blocker() is not None, "whoever stands still is not taken for ready"
        kafka.resume()

    def kill() -> None:
        [leader] = kafka.pids
        kafka.kill()
        assert kafka.pids == []
        supervisor.start(kafka)
        assert kafka.pids != [leader]

    acknowledged = asyncio.run(send(servers, "sold", COUNT, {COUNT // 3: pause, 2 * COUNT // 3: kill}))
    assert kafka.servers == servers
    assert kafka.blocker() is None
    assert (supervisor.directory / "parts" / kafka.name / "data" / "meta.properties").read_text() == cluster
    assert len(acknowledged) == COUNT, "the client came back by itself"
    assert asyncio.run(receive(servers, "sold")) == acknowledged, "repeats of an idempotent producer are one record"
    kafka.stop()


def join(kafka: Kafka, group: str) -> None:
    """Become a member of a group and vanish, as a consumer that is killed; its session lasts half a minute."""
    word = struct.Struct(">h")
    texts = [word.pack(len(text)) + text.encode() for text in (group, "", "consumer", "range")]
    body = texts[0] + struct.pack(">ii", 30_000, 30_000) + texts[1] + texts[2] + struct.pack(">i", 1) + texts[3]
    with KafkaWire("127.0.0.1", kafka.port, 5) as wire:
        answer = wire._ask(11, 2, body + struct.pack(">i", 0))
        assert (answer.number("i"), answer.number("h")) == (0, 0)


def test_it_forgets_topics_and_groups_with_a_member_that_was_killed(kafka: Kafka) -> None:
    for topic in ("orders", "timeline"):
        kafka.create_topic(topic, partitions=1)
    asyncio.run(send(kafka.servers, "orders", 3, {}))
    assert asyncio.run(receive(kafka.servers, "orders", "projector")) == [b"0", b"1", b"2"]
    join(kafka, "killed")
    topics, groups = shown(kafka)
    assert {"orders", "timeline"} <= set(topics)
    assert {"projector", "killed"} <= set(groups)
    kafka.forget()
    assert shown(kafka) == ([], [])
    kafka.create_topic("orders")
    assert asyncio.run(receive(kafka.servers, "orders", "projector")) == [], "neither records nor offsets are left"
    kafka.forget()


def test_a_topic_is_made_once_the_broker_shows_it(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    late = [Cluster([], []), Cluster([], ["another"])]
    seen: list[Cluster] = []
    asked = KafkaWire.cluster

    def cluster(wire: KafkaWire) -> Cluster:
        seen.append(late.pop(0) if late else asked(wire))
        return seen[-1]

    monkeypatch.setattr(KafkaWire, "cluster", cluster)
    kafka.create_topic("shown-late")
    assert len(seen) >= 3
    assert "shown-late" in seen[-1].topics


def test_a_topic_that_is_not_made_is_told(kafka: Kafka, topic: str) -> None:
    kafka.create_topic(topic)  # it is there, and that is all that was asked for
    with pytest.raises(KafkaFailed, match="kafka does not make no/name: error 17"):
        kafka.create_topic("no/name")
    with pytest.raises(KafkaFailed, match="gone-kafka does not make it: it cannot be connected to"):
        Kafka("gone-kafka").create_topic("it")


def test_every_node_has_ids_of_its_own_and_starts_with_a_damaged_cache(supervisor: Supervisor, tmp_path: Path) -> None:
    """Java looks at a cache before it uses it; this one is damaged, and the broker starts as one without."""
    known = Shelf().find()
    assert known is not None
    shelf = Shelf(tmp_path / "shelf")
    shelf.folder.mkdir()
    shelf.jars.symlink_to(Shelf().jars)
    shelf.template.symlink_to(known.template)
    cache = shelf.aot([shelf.jars / jar.name for jar in shelf.locked])
    cache.parent.mkdir()
    cache.write_bytes(b"no cache" * 1000)
    slow = Kafka("slow-kafka", shelf=shelf)
    supervisor.start(slow)
    assert slow.blocker() is None
    ids = (supervisor.directory / "parts" / slow.name / "data" / "meta.properties").read_text()
    template = (known.template / "meta.properties").read_text()
    assert [line.partition("=")[0] for line in ids.splitlines()] == [
        line.partition("=")[0] for line in template.splitlines()
    ]
    assert not {line for line in ids.splitlines() if ".id=" in line and "node" not in line} & set(template.splitlines())
    slow.kill()


def test_a_broker_whose_jars_cannot_be_had_says_which_and_why(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVET_PLATFORM_MAVEN_URL", (tmp_path / "nowhere").as_uri())
    shelf = Shelf(tmp_path / "shelf")
    shelf.jars.mkdir(parents=True)
    (shelf.jars / shelf.locked[0].name).write_bytes(b"damaged")
    with pytest.raises(StartFailed, match=rf"Kafka cannot be set up: {shelf.locked[0].name} is damaged in .*nowhere"):
        supervisor.start(Kafka("jarless-kafka", shelf=shelf))
