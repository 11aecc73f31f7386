"""What a stream of records keeps, whatever it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from trivet_order.application.projecting import Record, RecordStreamPort

Send = Callable[[Sequence[tuple[int, bytes | None, bytes | None]]], Awaitable[None]]
Member = Callable[[], RecordStreamPort]
Leave = Callable[[RecordStreamPort], Awaitable[None]]


async def take_all(stream: RecordStreamPort, count: int) -> list[Record]:
    """Take and settle until so many came; a record that never comes fails the test."""
    found: list[Record] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            some = await stream.take()
            found += some
            if some:
                await stream.settle()
    return found


async def take_some(stream: RecordStreamPort) -> Sequence[Record]:
    """Take a batch that is not empty, and keep it in hand."""
    async with asyncio.timeout(30):
        while not (found := await stream.take()):
            pass
    return found


def values(records: Sequence[Record]) -> list[bytes | None]:
    return sorted((record.value for record in records), key=lambda value: value or b"")


class StreamContract:
    """Batches, what is in hand, and what is given again."""

    @pytest.fixture
    def send(self) -> Send:
        raise NotImplementedError

    @pytest.fixture
    def member(self) -> Member:
        raise NotImplementedError

    @pytest.fixture
    def leave(self) -> Leave:
        raise NotImplementedError

    async def test_records_arrive_as_they_were_sent_each_partition_in_its_order(
        self, send: Send, member: Member
    ) -> None:
        sent = [(number % 3, b"key", b"%02d" % number) for number in range(12)]
        await send([*sent, (1, b"gone", None), (1, None, b"")])
        found = await take_all(member(), 14)
        for partition in range(3):
            mine = [record for record in found if record.place.partition == partition]
            assert [record.place.offset for record in mine] == list(range(len(mine)))
            expected = [value for number, _, value in sent if number == partition] + [None, b""] * (partition == 1)
            assert [record.value for record in mine] == expected
        assert {record.key for record in found} == {b"key", b"gone", None}

    async def test_what_was_taken_back_is_given_again(self, send: Send, member: Member) -> None:
        await send([(number % 3, None, b"%d" % number) for number in range(6)])
        stream = member()
        first = await take_some(stream)
        stream.take_back()
        found = await take_all(stream, 6)
        assert values(found) == [b"%d" % number for number in range(6)]
        assert set(first) <= set(found)

    async def test_what_was_settled_is_not_given_to_the_next(self, send: Send, member: Member, leave: Leave) -> None:
        await send([(number % 3, None, b"%d" % number) for number in range(6)])
        stream = member()
        await take_all(stream, 6)
        await leave(stream)
        await send([(2, None, b"new")])
        assert values(await take_some(member())) == [b"new"]

    async def test_what_was_not_settled_is_given_to_the_next(self, send: Send, member: Member, leave: Leave) -> None:
        await send([(number % 3, None, b"%d" % number) for number in range(6)])
        stream = member()
        await take_some(stream)
        await leave(stream)
        assert values(await take_all(member(), 6)) == [b"%d" % number for number in range(6)]

    async def test_of_nothing_nothing_is_taken(self, member: Member) -> None:
        assert list(await member().take()) == []
