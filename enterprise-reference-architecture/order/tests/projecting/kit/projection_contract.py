"""What a projection's transactions keep, whatever they are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from order_events import history, record_of

from trivet_order.application import DataRefused, TimelineEntry
from trivet_order.application.messages import Message
from trivet_order.application.projecting import (
    Place,
    Poison,
    ProjectionUnits,
    ProjectTimelineUseCase,
    Record,
    TimelineFeedPort,
)

Entries = Callable[[UUID], Awaitable[Sequence[TimelineEntry]]]
Blocked = Callable[[], Awaitable[None]]
"""Returns once a transaction waits for another's end."""


def fresh(steps: int = 3) -> list[Message]:
    """Return what an order told that no other test has."""
    return history(uuid4().int % 2**60, steps)


class _Once:
    """A stream that gives one batch."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self.settled = False

    async def take(self) -> Sequence[Record]:
        return self._records

    async def settle(self) -> None:
        self.settled = True

    def take_back(self) -> None:
        pass


class ProjectionContract:
    """The inbox, the timeline and the parked records, in one transaction."""

    @pytest.fixture
    def units(self) -> ProjectionUnits:
        raise NotImplementedError

    @pytest.fixture
    def feed(self) -> TimelineFeedPort:
        raise NotImplementedError

    @pytest.fixture
    def entries(self) -> Entries:
        raise NotImplementedError

    async def test_an_event_is_new_once(self, units: ProjectionUnits) -> None:
        one, two, three = (uuid4() for _ in range(3))
        async with units.open() as unit:
            assert await unit.inbox.admit([one, two]) == {one, two}
            assert await unit.inbox.admit([two]) == frozenset()
            await unit.commit()
        async with units.open() as unit:
            assert await unit.inbox.admit([three, one]) == {three}

    async def test_what_was_not_committed_never_was(self, units: ProjectionUnits, entries: Entries) -> None:
        message = fresh()[0]
        poison = Poison(record_of(0, uuid4().int % 2**60, b"?"), "no JSON")
        async with units.open() as unit:
            await unit.inbox.admit([message.event_id])
            await unit.timeline.record([message])
            await unit.parked.park([poison])
        assert not await entries(message.aggregate_id)
        async with units.open() as unit:
            assert await unit.inbox.admit([message.event_id]) == {message.event_id}
            assert await unit.parked.find(poison.record.place) is None

    async def test_entries_come_back_as_they_were_told(self, units: ProjectionUnits, entries: Entries) -> None:
        messages = fresh()
        async with units.open() as unit:
            await unit.timeline.record(messages)
            await unit.commit()
        found = await entries(messages[0].aggregate_id)
        expected = [
            (each.aggregate_version, each.event_id, each.type, each.occurred_on, each.data) for each in messages
        ]
        assert [(each.version, each.event_id, each.type, each.occurred_on, each.data) for each in found] == expected
        assert all(each.recorded_on.tzinfo for each in found)

    async def test_a_watcher_reads_many_orders_from_where_each_was_seen(
        self, units: ProjectionUnits, feed: TimelineFeedPort
    ) -> None:
        one, two, other = fresh(), fresh(), fresh()
        async with units.open() as unit:
            await unit.timeline.record([*reversed(one), *two, *other])
            await unit.commit()
        found = await feed.later({one[0].aggregate_id: 1, two[0].aggregate_id: 0, uuid4(): 0})
        versions: dict[UUID, list[int]] = {}
        for entry in found:
            versions.setdefault(entry.order_id, []).append(entry.version)
        assert versions == {one[0].aggregate_id: [2, 3], two[0].aggregate_id: [1, 2, 3]}

    async def test_a_parked_record_comes_back_byte_for_byte(self, units: ProjectionUnits) -> None:
        place = Place("order.events", 3, uuid4().int % 2**60)
        record = Record(
            place, b"\x00key", b"\xff\x00value", (("trace\x00parent", b"\x00\xff"), ("type", b""), ("none", None))
        )
        async with units.open() as unit:
            await unit.parked.park([Poison(record, "a reason with \x00 and \ud800"), Poison(record, "another")])
            await unit.commit()
        async with units.open() as unit:
            await unit.parked.park([Poison(record, "a third")])
            found = await unit.parked.find(place)
        assert found is not None
        assert (found.record.key, found.record.value) == (record.key, record.value)
        assert [value for _, value in found.record.headers] == [b"\x00\xff", b"", None]
        assert found.reason.startswith("a reason with")
        assert found.replayed_at is None

    async def test_a_record_of_nothing_is_parked_too(self, units: ProjectionUnits) -> None:
        place = Place("order.events", 4, uuid4().int % 2**60)
        async with units.open() as unit:
            await unit.parked.park([Poison(Record(place, None, None), "the record is empty")])
            await unit.commit()
        async with units.open() as unit:
            found = await unit.parked.find(place)
        assert found is not None
        assert (found.record.key, found.record.value) == (None, None)

    async def test_parked_records_are_paged_counted_replayed_and_discarded(self, units: ProjectionUnits) -> None:
        topic = f"topic-{uuid4()}"
        places = [Place(topic, partition, offset) for partition in (0, 1) for offset in (9, 10, 11)]
        async with units.open() as unit:
            before = await unit.parked.count()
            await unit.parked.park([Poison(Record(place, None, b"?"), "no JSON") for place in reversed(places)])
            await unit.commit()
        async with units.open() as unit:
            page = await unit.parked.page(places[1], 3)
            assert [each.record.place for each in page] == places[2:5]
            assert await unit.parked.count() == before + 6
            await unit.parked.mark_replayed(places[0])
            await unit.parked.discard(places[1])
            await unit.commit()
        async with units.open() as unit:
            replayed = await unit.parked.find(places[0])
            assert replayed is not None
            assert replayed.replayed_at is not None
            assert await unit.parked.find(places[1]) is None
            assert await unit.parked.count() == before + 4


class ConcurrencyContract:
    """Two transactions at once."""

    @pytest.fixture
    def units(self) -> ProjectionUnits:
        raise NotImplementedError

    @pytest.fixture
    def blocked(self) -> Blocked:
        raise NotImplementedError

    @pytest.mark.parametrize("end", ["commits", "rolls back"])
    async def test_of_two_that_note_one_event_the_second_waits(
        self, units: ProjectionUnits, blocked: Blocked, end: str
    ) -> None:
        event, noted, told = uuid4(), asyncio.Event(), asyncio.Event()

        async def first() -> None:
            async with units.open() as unit:
                await unit.inbox.admit([event])
                noted.set()
                await told.wait()
                if end == "commits":
                    await unit.commit()

        async def second() -> frozenset[UUID]:
            await noted.wait()
            async with units.open() as unit:
                asking = asyncio.ensure_future(unit.inbox.admit([event]))
                await blocked()
                told.set()
                return await asking

        _, new = await asyncio.gather(first(), second())
        assert new == (frozenset() if end == "commits" else {event})

    async def test_batches_with_the_same_events_never_wait_in_a_circle(
        self, units: ProjectionUnits, blocked: Blocked
    ) -> None:
        low, high = sorted([uuid4(), uuid4()])
        noted = asyncio.Event()

        async def second() -> frozenset[UUID]:
            await noted.wait()
            async with units.open() as unit:
                return await unit.inbox.admit([high, low])

        waiting = asyncio.create_task(second())
        async with units.open() as unit:
            await unit.inbox.admit([low])
            noted.set()
            await blocked()
            assert await unit.inbox.admit([high]) == {high}
            await unit.commit()
        assert await waiting == frozenset()

    async def test_a_parked_record_is_looked_after_by_one_at_a_time(
        self, units: ProjectionUnits, blocked: Blocked
    ) -> None:
        place, found, told = Place("order.events", 5, uuid4().int % 2**60), asyncio.Event(), asyncio.Event()
        async with units.open() as unit:
            await unit.parked.park([Poison(Record(place, None, b"?"), "no JSON")])
            await unit.commit()

        async def discard() -> None:
            async with units.open() as unit:
                assert await unit.parked.find(place)
                found.set()
                await told.wait()
                await unit.parked.discard(place)
                await unit.commit()

        async def replay() -> object:
            await found.wait()
            async with units.open() as unit:
                looking = asyncio.ensure_future(unit.parked.find(place))
                await blocked()
                told.set()
                return await looking

        assert await asyncio.gather(discard(), replay()) == [None, None]


class RefusalContract:
    """Data that the database cannot store."""

    @pytest.fixture
    def units(self) -> ProjectionUnits:
        raise NotImplementedError

    @pytest.fixture
    def entries(self) -> Entries:
        raise NotImplementedError

    # Fields that no reader asks for, so that nobody but the database refuses them.
    REFUSED = (
        b'"data":{"note":"\\u0000",',
        b'"data":{"note":"\\ud800",',
        b'"data":{"\\u0000":1,',
        b'"data":{"much":1e400000,',
    )

    @pytest.mark.parametrize("change", REFUSED)
    async def test_it_is_parked_and_the_rest_of_its_batch_arrives(
        self, units: ProjectionUnits, entries: Entries, change: bytes
    ) -> None:
        good, bad = fresh(), fresh(1)
        offset = uuid4().int % 2**60
        poison = record_of(1, offset, bad[0].body.replace(b'"data":{', change))
        records = [record_of(0, offset + number, each.body) for number, each in enumerate(good)]
        stream = _Once([*records[:2], poison, *records[2:]])
        projected = await ProjectTimelineUseCase(stream, units).execute()
        assert stream.settled
        assert [each.record for each in projected.parked] == [poison]
        assert projected.parked[0].reason.startswith("the database refuses it: ")
        assert [each.version for each in await entries(good[0].aggregate_id)] == [1, 2, 3]
        assert not await entries(bad[0].aggregate_id)
        async with units.open() as unit:
            found = await unit.parked.find(poison.place)
            assert found is not None
            assert found.record.value == poison.value
            assert await unit.inbox.admit([bad[0].event_id]) == {bad[0].event_id}

    async def test_a_refusal_undoes_its_transaction(self, units: ProjectionUnits) -> None:
        good, bad = fresh(1)[0], fresh(1)[0]

        async def record() -> None:
            async with units.open() as unit:
                await unit.inbox.admit([good.event_id, bad.event_id])
                await unit.timeline.record([good, replace(bad, aggregate_version=2**63)])

        with pytest.raises(DataRefused):
            await record()
        async with units.open() as unit:
            assert await unit.inbox.admit([good.event_id]) == {good.event_id}
