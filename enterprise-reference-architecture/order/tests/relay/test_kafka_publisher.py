"""The publisher on a real Kafka: what it says of each message is so, also when Kafka refuses or stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import murmur2 as the_drivers
from hypothesis import given
from hypothesis import strategies as st
from relay_grounds import assert_kept, records_of, told

from trivet_order.adapters.kafka.partitioning import murmur2, partition_of
from trivet_order.adapters.kafka.producers import APPEND_BYTES_MAX, RenewingSender, end_producer, make_producer
from trivet_order.adapters.kafka.publisher import KafkaPublisher, NotPublished
from trivet_order.adapters.kafka.topics import PARTITIONS, create_topic
from trivet_order.application import Message
from trivet_order.application.relaying import Fate
from trivet_order.domain import InventoryRequested
from trivet_platform import Kafka, Supervisor

TIMEOUT_S = 10.0


@pytest.fixture
def name() -> str:
    """Return the name of a topic that nobody else has."""
    return f"relayed-{uuid4().hex[:12]}"


@asynccontextmanager
async def publishing(kafka: Kafka, name: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[KafkaPublisher]:
    await create_topic([kafka.servers], name)
    producer = make_producer([kafka.servers], "tests", int(timeout_s * 1000))
    await producer.start()
    try:
        yield KafkaPublisher(producer, name, timeout_s)
    finally:
        await end_producer(producer)


def committed(*messages: Message) -> dict[UUID, bytes]:
    return {message.event_id: message.body for message in messages}


def too_large(message: Message) -> Message:
    """Return a message of the same event that no broker takes, and no append has room for beside another."""
    return padded(message, 2 * 1024 * 1024)


def padded(message: Message, spaces: int) -> Message:
    """Return a message of the same event with so many spaces in its body."""
    body = message.body[:-1] + b" " * spaces + b"}"
    return Message(
        message.event_id,
        message.aggregate_id,
        message.aggregate_version,
        message.type,
        message.version,
        message.occurred_on,
        None,
        body,
    )


@given(st.binary(max_size=70))
def test_a_key_belongs_where_every_client_sends_it(key: bytes) -> None:
    assert murmur2(key) == the_drivers(key)
    assert partition_of(key, PARTITIONS) == (the_drivers(key) & 0x7FFFFFFF) % PARTITIONS


async def test_a_topic_is_made_once(kafka: Kafka, name: str) -> None:
    assert await create_topic([kafka.servers], name)
    assert not await create_topic([kafka.servers], name)


async def test_messages_arrive_in_order_with_key_and_headers(kafka: Kafka, name: str) -> None:
    messages = [told(order, version) for order in (uuid4(), uuid4(), uuid4()) for version in (1, 2, 3)]
    async with publishing(kafka, name) as publisher:
        outcomes = await publisher.send(messages)
        assert {outcome.fate for outcome in outcomes} == {Fate.ACKNOWLEDGED}
        assert not publisher.is_spent
        assert await publisher.send([]) == []
    records = await records_of(kafka.servers, name)
    assert len(records) == len(messages)
    assert_kept(records, committed(*messages))


async def test_more_than_an_append_holds_arrives_in_order(kafka: Kafka, name: str) -> None:
    order = uuid4()
    messages = [told(order, version) for version in range(1, 3 * APPEND_BYTES_MAX // 300)]
    assert sum(len(message.body) for message in messages) > 2 * APPEND_BYTES_MAX
    async with publishing(kafka, name) as publisher:
        assert {outcome.fate for outcome in await publisher.send(messages)} == {Fate.ACKNOWLEDGED}
    assert_kept(await records_of(kafka.servers, name), committed(*messages))


async def test_what_a_broker_refuses_holds_back_what_is_behind_it_and_nothing_of_others(
    kafka: Kafka, name: str
) -> None:
    bad, beside = uuid4(), uuid4()
    while partition_of(str(beside).encode(), PARTITIONS) != partition_of(str(bad).encode(), PARTITIONS):
        beside = uuid4()
    elsewhere = uuid4()
    while partition_of(str(elsewhere).encode(), PARTITIONS) == partition_of(str(bad).encode(), PARTITIONS):
        elsewhere = uuid4()
    messages = [told(bad, 1), too_large(told(bad, 2)), told(bad, 3), told(beside, 1), told(elsewhere, 1)]
    async with publishing(kafka, name) as publisher:
        outcomes = await publisher.send(messages, alone=[bad])
        assert [outcome.fate for outcome in outcomes] == [
            Fate.ACKNOWLEDGED,
            Fate.FAILED,
            Fate.HELD_BACK,
            Fate.HELD_BACK,
            Fate.ACKNOWLEDGED,
        ]
        assert outcomes[1].definite
        assert publisher.is_spent
    kept = [messages[0], messages[4]]
    assert_kept(await records_of(kafka.servers, name), committed(*kept))


async def test_who_was_refused_shares_no_append_and_what_is_good_of_it_arrives(kafka: Kafka, name: str) -> None:
    """Both fit into one append, and the broker takes only one of them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs={"max.message.bytes": "1500"})])
    await admin.close()
    order = uuid4()
    messages = [told(order, 1), padded(told(order, 2), 3000)]
    async with publishing(kafka, name) as publisher:
        together = await publisher.send(messages)
        assert [(each.fate, each.definite) for each in together] == [(Fate.FAILED, True)] * 2
    async with publishing(kafka, name) as publisher:
        assert [each.fate for each in await publisher.send(messages, [order])] == [Fate.ACKNOWLEDGED, Fate.FAILED]
    assert_kept(await records_of(kafka.servers, name), committed(messages[0]))


async def test_a_spent_producer_is_replaced_and_the_next_batch_goes_through(kafka: Kafka, name: str) -> None:
    await create_topic([kafka.servers], name)
    made: list[AIOKafkaProducer] = []

    def make() -> AIOKafkaProducer:
        made.append(make_producer([kafka.servers], "tests", 10_000))
        return made[-1]

    bad = uuid4()
    sender = RenewingSender(make, name, TIMEOUT_S)
    try:
        assert [each.fate for each in await sender.send([too_large(told(bad, 1))])] == [Fate.FAILED]
        messages = [told(bad, 1), told(bad, 2)]
        assert {each.fate for each in await sender.send(messages)} == {Fate.ACKNOWLEDGED}
        assert {each.fate for each in await sender.send([told(bad, 3)])} == {Fate.ACKNOWLEDGED}
    finally:
        await sender.close()
    assert len(made) == 2
    records = await records_of(kafka.servers, name)
    assert_kept(records, committed(*(told(bad, version) for version in (1, 2, 3))))


async def test_events_are_published_or_it_is_said_that_they_are_not(kafka: Kafka, name: str) -> None:
    message = told(uuid4(), 1)
    event = InventoryRequested(
        event_id=message.event_id,
        occurred_on=message.occurred_on,
        aggregate_id=message.aggregate_id,
        aggregate_version=1,
    )
    async with publishing(kafka, name) as publisher:
        await publisher.publish([event])
    assert_kept(await records_of(kafka.servers, name), committed(message))
    async with publishing(kafka, f"{name}-2") as publisher:
        publisher._topic = f"{name}-that-is-not-there"
        publisher._timeout_s = 0.2
        with pytest.raises(NotPublished) as raised:
            await publisher.publish([event])
        assert raised.value.definite


@pytest.mark.long
async def test_a_kafka_that_stands_still_is_unknown_and_what_arrives_late_is_a_copy(
    supervisor: Supervisor, name: str
) -> None:
    own = Kafka("kafka-that-stands-still")
    await asyncio.to_thread(supervisor.start, own)
    try:
        order = uuid4()
        await create_topic([own.servers], name)
        sender = RenewingSender(lambda: make_producer([own.servers], "tests", 1000), name, 1.0)
        assert {each.fate for each in await sender.send([told(order, 1)])} == {Fate.ACKNOWLEDGED}
        own.pause()
        outcomes = await sender.send([told(order, 2), told(order, 3)])
        assert [(each.fate, each.definite) for each in outcomes] == [(Fate.FAILED, False)] * 2
        away = await sender.send([told(order, 2)])
        assert away[0].fate is Fate.HELD_BACK
        assert await sender.blocker() is not None
        own.resume()
        async with asyncio.timeout(60):
            while (await sender.send([told(order, 2), told(order, 3)]))[1].fate is not Fate.ACKNOWLEDGED:
                pass
        assert await sender.blocker() is None
        await sender.close()
        records = await records_of(own.servers, name)
        assert_kept(records, committed(*(told(order, version) for version in (1, 2, 3))))
    finally:
        await asyncio.to_thread(supervisor.stop, own)
