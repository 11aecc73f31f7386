"""Streams keep their contract, in memory and from Kafka."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence

import pytest
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # aiokafka ships no types
from order_topic import produce
from stream_contract import Leave, Member, Send, StreamContract, take_all, take_some, values

from trivet_order.adapters.kafka.consumer import KafkaRecordStream, Membership
from trivet_order.adapters.memory import MemoryRecordStream, MemoryTopic
from trivet_order.application.projecting import RecordStreamPort, StreamUnavailable
from trivet_platform import Kafka, free_port


class TestMemory(StreamContract):
    @pytest.fixture
    def topic(self) -> MemoryTopic:
        return MemoryTopic()

    @pytest.fixture
    def send(self, topic: MemoryTopic) -> Send:
        async def send(records: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
            for partition, key, value in records:
                topic.send(partition, key, value)

        return send

    @pytest.fixture
    def member(self, topic: MemoryTopic) -> Member:
        return lambda: MemoryRecordStream(topic, batch_max=4)

    @pytest.fixture
    def leave(self) -> Leave:
        async def leave(_: RecordStreamPort) -> None: ...

        return leave


class TestKafka(StreamContract):
    @pytest.fixture
    def membership(self, kafka: Kafka) -> Membership:
        name = f"stream-{uuid.uuid4().hex[:8]}"
        kafka.create_topic(name, 3)
        return Membership(
            servers=(kafka.servers,),
            topic=name,
            group=name,
            batch_max=4,
            session_timeout_ms=6000,
            request_timeout_ms=5000,
            poll_ms=200,
        )

    @pytest.fixture
    def send(self, membership: Membership) -> Send:
        async def send(records: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
            await produce(membership.servers[0], membership.topic, records)

        return send

    @pytest.fixture
    def member(self, membership: Membership, closing: list[Callable[[], Awaitable[None]]]) -> Member:
        made: list[KafkaRecordStream] = []

        async def close() -> None:
            for stream in made:
                await stream.close()

        def make() -> KafkaRecordStream:
            made.append(KafkaRecordStream(membership))
            return made[-1]

        closing.append(close)
        return make

    @pytest.fixture
    def leave(self) -> Leave:
        async def leave(stream: RecordStreamPort) -> None:
            assert isinstance(stream, KafkaRecordStream)
            await stream.close()

        return leave

    async def test_partitions_are_given_up_when_the_batch_has_ended(self, send: Send, member: Member) -> None:
        await send([(number % 3, None, b"%d" % number) for number in range(3)])
        one, two = member(), member()
        taken = list(await take_some(one))
        joining = asyncio.create_task(take_some(two))
        async with asyncio.timeout(10):
            while one._assigned.is_set():  # noqa: ASYNC110  - the group's state
                await asyncio.sleep(0.005)
        assert not joining.done()
        await one.settle()
        taken += await _between(one, joining)
        assert sorted(record.value for record in taken) == [b"0", b"1", b"2"]

    async def test_a_batch_that_does_not_end_is_dropped_and_given_to_the_next(self, send: Send, member: Member) -> None:
        await send([(0, None, b"stuck")])
        one, two = member(), member()
        await take_some(one)
        term = one._term
        joining = asyncio.create_task(take_all(two, 1))
        async with asyncio.timeout(20):
            while one._term == term:  # noqa: ASYNC110  - the group's state
                await asyncio.sleep(0.005)
        await one.settle()
        found = await _either(one, joining)
        assert [record.value for record in found] == [b"stuck"]

    async def test_a_broker_that_is_away_is_told(self) -> None:
        away = KafkaRecordStream(
            Membership(
                servers=(f"127.0.0.1:{free_port()}",),
                topic="any",
                group="any",
                batch_max=1,
                session_timeout_ms=6000,
                request_timeout_ms=500,
            )
        )
        with pytest.raises(StreamUnavailable):
            await away.take()
        assert await away.blocker() == "is not connected"
        await away.close()

    async def test_a_member_that_cannot_seek_back_begins_anew_at_what_was_committed(
        self, send: Send, member: Member, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await send([(0, None, b"owed")])
        stream = member()
        await take_some(stream)

        def refuse(*_: object) -> None:
            raise KafkaError

        monkeypatch.setattr(stream._consumer, "seek", refuse)
        stream.take_back()
        assert values(await take_some(stream)) == [b"owed"]

    async def test_lag_is_what_was_not_taken(self, send: Send, member: Member) -> None:
        stream = member()
        assert isinstance(stream, KafkaRecordStream)
        assert await stream.lag() == {}
        await send([(0, None, b"%d" % number) for number in range(9)])
        await take_some(stream)
        lag = await stream.lag()
        assert set(lag) == {0, 1, 2}
        assert sum(lag.values()) in range(5, 9)
        stream.take_back()
        assert sum((await stream.lag()).values()) == 9
        assert await stream.blocker() is None


async def _between(one: RecordStreamPort, joining: asyncio.Task[Sequence[object]]) -> list[object]:
    """Return what either of two members takes that was not settled yet; nothing is owed here."""
    joining.cancel()
    return list(await one.take())


async def _either(one: RecordStreamPort, joining: asyncio.Task[Sequence[object]]) -> Sequence[object]:
    """Return what the one who joins takes, or the one who was there if the partition stayed his."""
    taking = asyncio.create_task(take_all(one, 1))
    done, pending = await asyncio.wait([taking, joining], return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return done.pop().result()
