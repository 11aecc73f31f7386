"""Reading a topic, whole, as any consumer would."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition


@dataclass(frozen=True, slots=True)
class Record:
    """What is in the topic, and where."""

    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]


async def records_of(servers: str, topic: str) -> list[Record]:
    """Return everything that is in a topic now, each partition in its order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        numbers = await consumer._client._wait_on_metadata(topic)
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Record] = []
        for partition in partitions:
            consumer.seek(partition, 0)
        while [each for each in partitions if await consumer.position(each) < ends[each]]:
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                records += [
                    Record(each.partition, each.offset, each.key, each.value, dict(each.headers)) for each in batch
                ]
        return sorted(records, key=lambda each: (each.partition, each.offset))
    finally:
        await consumer.stop()
