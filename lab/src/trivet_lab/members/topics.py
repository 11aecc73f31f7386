"""Reads what services told everybody, after a run: every record of the topics that their ``member.toml`` names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]  # it ships no types
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # it ships no types

from trivet_lab.evidence import Record, VariantDirectory, record_of
from trivet_lab.members.member import Member

READ_S_MAX = 60
"""How long a topic may take to be read to its end; a broker that was just started again takes seconds to answer."""
POLL_MS = 500


class TopicsUnread(Exception):
    """A topic could not be read to its end; the sentence says which and why."""


def collect_topics(members: Iterable[Member], servers: str, directory: VariantDirectory) -> None:
    """Write every record of these members' topics to the variant's directory, one a line.

    All processes of the members have ended, so that nobody writes any more: each partition is read from its first
    offset to the end that it has now. Nothing is committed and no group is joined, so that reading changes nothing. A
    topic that is not there leaves no file, and is for a checker to miss.

    Args:
        members: the services on stage.
        servers: where the Kafka of the stage is found, ``host:port``; empty if there is none.
        directory: where ``topics/<topic>.jsonl`` goes.

    Raises:
        TopicsUnread: one could not be read to its end: what is missing would look as if it had never been told.
    """
    for member in members:
        for topic in member.topics:
            try:
                asyncio.run(asyncio.wait_for(_write(topic, servers, directory.topic(topic)), READ_S_MAX))
            except (KafkaError, TimeoutError, OSError) as error:
                raise TopicsUnread(f"{topic} at {servers or 'no Kafka'}: {type(error).__name__}: {error}") from error


async def _write(topic: str, servers: str, path: Path) -> None:
    partitions = await _partitions(topic, servers)
    if not partitions:
        return
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        records = [record for partition in partitions for record in await _read(consumer, partition)]
    finally:
        await consumer.stop()
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.Encoder().encode_lines(records))
    draft.replace(path)


async def _partitions(topic: str, servers: str) -> list[TopicPartition]:
    """Return a topic's partitions, none if there is no such topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        [found] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return [TopicPartition(topic, number) for number in sorted(each["partition"] for each in found["partitions"])]


async def _read(consumer: AIOKafkaConsumer, partition: TopicPartition) -> list[Record]:
    """Return a partition's records, up to the end that it has now; a log may end with offsets that are no record's."""
    consumer.assign([partition])
    begin = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    consumer.seek(partition, begin)
    found: list[Record] = []
    while await consumer.position(partition) < end:
        for records in (await consumer.getmany(partition, timeout_ms=POLL_MS)).values():
            found += [_record(record) for record in records if record.offset < end]
    return found


def _record(record: ConsumerRecord) -> Record:
    place = record.partition, record.offset, record.timestamp
    return record_of(place, record.key, record.value, [(name, bytes(value)) for name, value in record.headers])
