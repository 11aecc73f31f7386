"""Every record of a member's topics is read, from a real Kafka, once its processes have ended."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from trivet_lab.evidence import Record, VariantDirectory
from trivet_lab.members import Member, TopicsUnread, collect_topics, find_members
from trivet_lab.members import topics as module
from trivet_lab.settings import lab_settings
from trivet_platform import Kafka, free_port

PARTITIONS, RECORDS = 3, 700


@pytest.fixture
def teller() -> Member:
    return dataclasses.replace(find_members(lab_settings().root)["inventory"], topics=["till.events"])


def read(directory: VariantDirectory, topic: str) -> list[Record]:
    return msgspec.json.Decoder(Record).decode_lines(directory.topic(topic).read_bytes())


async def tell(servers: str, topic: str, *, linger_ms: int) -> None:
    """Send numbered records, two that are no text, and a tombstone."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, linger_ms=linger_ms, enable_idempotence=True)
    await producer.start()
    try:
        for number in range(RECORDS):
            key, header = f"k-{number % 50}".encode(), ("n", f"{number}".encode())
            await producer.send(topic, f"v-{number}".encode(), key=key, partition=number % 50 % 3, headers=[header])
        await producer.send_and_wait(topic, b"\xff", key=b"k", partition=0)
        await producer.send_and_wait(topic, None, key=b"gone", partition=0)
    finally:
        await producer.stop()


def test_every_record_is_there_partition_by_partition_in_the_order_of_offsets(
    kafka: Kafka, teller: Member, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = f"till-{request.node.name[:40]}".lower()
    kafka.create_topic(name, PARTITIONS)
    asyncio.run(tell(kafka.servers, name, linger_ms=5))
    directory = VariantDirectory(tmp_path).create()
    member = dataclasses.replace(teller, topics=[name])
    collect_topics([member, dataclasses.replace(teller, topics=[])], kafka.servers, directory)
    records = read(directory, name)
    assert len(records) == RECORDS + 2
    places = [(record.partition, record.offset) for record in records]
    assert places == sorted(set(places))
    assert {partition for partition, _ in places} == set(range(PARTITIONS))
    numbers = {int(record.header("n") or -1): record for record in records if record.headers}
    assert set(numbers) == set(range(RECORDS))
    assert all(record.value == f"v-{number}" and record.key == f"k-{number % 50}" for number, record in numbers.items())
    assert [(record.key, record.value, record.encoding) for record in records if not record.headers] == [
        ("aw==", "/w==", "base64"),
        ("gone", None, "utf-8"),
    ]
    before = directory.topic(name).read_bytes()
    collect_topics([member], kafka.servers, directory)
    assert directory.topic(name).read_bytes() == before, "reading changes nothing"


def test_a_topic_that_nobody_told_anything_in_is_empty_and_one_that_is_not_there_leaves_no_file(
    kafka: Kafka, topic: str, teller: Member, tmp_path: Path
) -> None:
    directory = VariantDirectory(tmp_path).create()
    collect_topics([dataclasses.replace(teller, topics=[topic, "nobody.made"])], kafka.servers, directory)
    assert read(directory, topic) == []
    assert [path.name for path in directory.topics.iterdir()] == [f"{topic}.jsonl"]


def test_one_that_cannot_be_read_is_told(teller: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_S_MAX", 5)
    with pytest.raises(TopicsUnread, match=r"^till.events at 127.0.0.1:\d+: "):
        collect_topics([teller], f"127.0.0.1:{free_port()}", VariantDirectory(tmp_path).create())
