"""Writing into a topic as the relay does, and as nobody should."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # aiokafka ships no types


async def produce(servers: str, topic: str, records: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
    """Send partition, key and value each, and wait for every acknowledgement."""
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        sent = [
            await producer.send(topic, value, key=key, partition=partition, headers=[("type", b"?"), ("none", None)])
            for partition, key, value in records
        ]
        for acknowledged in sent:
            await acknowledged
