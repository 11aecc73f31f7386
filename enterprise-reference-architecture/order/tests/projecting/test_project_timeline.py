"""One batch, one transaction, and offsets after the effect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from order_events import POISONS, history, told, written

from trivet_order.adapters.memory.projections import MemoryProjections, MemoryUnit
from trivet_order.adapters.memory.record_stream import MemoryRecordStream, MemoryTopic
from trivet_order.application import Message, StoreUnavailable, UnreadableMessage
from trivet_order.application.projecting import (
    RECORD_BYTES_MAX,
    DiscardParkedUseCase,
    NotParked,
    Place,
    Projected,
    ProjectTimelineUseCase,
    ReplayParkedUseCase,
    message_in,
)
from trivet_order.domain import Outcome

EVENTS = history(1, 5)


class _Failing(MemoryProjections):
    """A store whose first transactions end with what ``fails`` raises, before they last or after."""

    def __init__(self, fails: Callable[[], BaseException], times: int, *, after_commit: bool) -> None:
        super().__init__()
        self._fails, self._left, self._after = fails, times, after_commit
        self.opened = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MemoryUnit]:
        self.opened += 1
        async with super().open() as unit:
            yield unit
            if self._left and self._after:
                self._left -= 1
                raise self._fails()

    async def _fail(self) -> None:
        raise self._fails()


class _FailingBefore(_Failing):
    @asynccontextmanager
    async def open(self) -> AsyncIterator[MemoryUnit]:
        async with super().open() as unit:
            if self._left:
                self._left -= 1
                unit.commit = self._fail  # type: ignore[method-assign]  # the commit that never was
            yield unit


def _sent(*values: bytes | None) -> MemoryTopic:
    topic = MemoryTopic()
    for place, value in enumerate(values):
        topic.send(place % 3, None, value)
    return topic


def _all() -> MemoryTopic:
    return _sent(*(event.body for event in EVENTS))


def _execute(topic: MemoryTopic, store: MemoryProjections, batch_max: int = 100) -> Projected:
    return asyncio.run(ProjectTimelineUseCase(MemoryRecordStream(topic, batch_max), store).execute())


def test_a_batch_is_one_transaction() -> None:
    store = _Failing(RuntimeError, 0, after_commit=True)
    projected = _execute(_all(), store)
    assert (projected.records, len(projected.recorded), store.opened) == (5, 5, 1)
    assert written(store.entries) == told(EVENTS)


def test_what_comes_twice_is_recorded_once() -> None:
    topic, store = _sent(EVENTS[0].body, EVENTS[0].body, EVENTS[1].body), MemoryProjections()
    assert len(_execute(topic, store).recorded) == 2
    topic.settled.clear()
    assert _execute(topic, store) == Projected(3)
    assert written(store.entries) == told(EVENTS[:2])


@pytest.mark.parametrize("failing", [_FailingBefore, _Failing])
@pytest.mark.parametrize("fails", [lambda: StoreUnavailable("away", definite=False), RuntimeError, KeyboardInterrupt])
def test_a_batch_that_failed_is_taken_again(failing: type[_Failing], fails: Callable[[], BaseException]) -> None:
    topic, store = _all(), failing(fails, times=2, after_commit=failing is _Failing)

    async def work() -> None:
        use_case = ProjectTimelineUseCase(MemoryRecordStream(topic, batch_max=2), store)
        for _ in range(2):
            with pytest.raises((StoreUnavailable, RuntimeError, KeyboardInterrupt)):
                await use_case.execute()
            assert not topic.settled
        while (await use_case.execute()).records:
            pass

    asyncio.run(work())
    assert written(store.entries) == told(EVENTS)
    assert not store.aside
    assert topic.settled == {0: 2, 1: 2, 2: 1}


def test_nothing_is_settled_before_its_effect_lasts() -> None:
    topic = _all()

    class Looking(MemoryProjections):
        @asynccontextmanager
        async def open(self) -> AsyncIterator[MemoryUnit]:
            assert not topic.settled
            async with super().open() as unit:
                yield unit
            assert not topic.settled

    _execute(topic, Looking())
    assert topic.settled


def test_a_cancelled_batch_is_taken_again() -> None:
    topic, held = _all(), asyncio.Event()

    class Stuck(MemoryProjections):
        @asynccontextmanager
        async def open(self) -> AsyncIterator[MemoryUnit]:
            held.set()
            await asyncio.Event().wait()
            async with super().open() as unit:
                yield unit

    async def work() -> None:
        stream = MemoryRecordStream(topic)
        task = asyncio.create_task(ProjectTimelineUseCase(stream, Stuck()).execute())
        await held.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await stream.take()) == 5

    asyncio.run(work())


@pytest.mark.parametrize("number", range(len(POISONS)))
def test_poison_is_parked_with_its_reason(number: int) -> None:
    topic, store = _sent(EVENTS[0].body, POISONS[number], EVENTS[1].body), MemoryProjections()
    projected = _execute(topic, store)
    assert written(store.entries) == told(EVENTS[:2])
    assert list(store.aside) == [Place("order.events", 1, 0)]
    assert [poison.record.value for poison in projected.parked] == [POISONS[number]]
    assert store.aside[Place("order.events", 1, 0)].reason


@pytest.mark.parametrize("refused", range(5))
def test_a_refused_batch_is_halved_until_the_poison_is_found(refused: int) -> None:
    topic, store = _all(), MemoryProjections(lambda message: message.event_id != EVENTS[refused].event_id)
    projected = _execute(topic, store)
    assert written(store.entries) == told(event for event in EVENTS if event is not EVENTS[refused])
    assert [parked.record.value for parked in store.aside.values()] == [EVENTS[refused].body]
    assert projected.records == 5
    assert EVENTS[refused].event_id not in store.noted


def test_what_was_parked_is_replayed_once_it_can_be_read() -> None:
    store = MemoryProjections(lambda _: False)
    _execute(_sent(EVENTS[0].body), store)
    place = Place("order.events", 0, 0)

    async def work() -> None:
        replay = ReplayParkedUseCase(store)
        with pytest.raises(Exception, match="no place"):
            await replay.execute(place)
        assert not store.entries
        store.stores = lambda _: True
        assert await replay.execute(place) is Outcome.DONE
        assert await replay.execute(place) is Outcome.ALREADY_DONE

    asyncio.run(work())
    assert written(store.entries) == told(EVENTS[:1])
    assert store.aside[place].replayed_at is not None


def test_a_replay_of_what_arrived_meanwhile_adds_nothing() -> None:
    store = MemoryProjections(lambda _: False)
    _execute(_sent(EVENTS[0].body), store)
    store.stores = lambda _: True
    _execute(_sent(EVENTS[1].body, EVENTS[0].body), store)
    assert asyncio.run(ReplayParkedUseCase(store).execute(Place("order.events", 0, 0))) is Outcome.DONE
    assert written(store.entries) == told(EVENTS[:2])


def test_a_record_that_nobody_reads_stays_parked() -> None:
    store = MemoryProjections()
    _execute(_sent(b"no JSON"), store)
    with pytest.raises(UnreadableMessage):
        asyncio.run(ReplayParkedUseCase(store).execute(Place("order.events", 0, 0)))
    assert [parked.replayed_at for parked in store.aside.values()] == [None]


def test_what_was_discarded_is_gone() -> None:
    store = MemoryProjections()
    _execute(_sent(b"no JSON"), store)
    gone = asyncio.run(DiscardParkedUseCase(store).execute(Place("order.events", 0, 0)))
    assert (gone.record.value, store.aside) == (b"no JSON", {})
    for use_case in (DiscardParkedUseCase(store), ReplayParkedUseCase(store)):
        with pytest.raises(NotParked):
            asyncio.run(use_case.execute(Place("order.events", 0, 0)))


@pytest.mark.parametrize(
    "change",
    [(b'"version":1', b'"version":99'), (b"InventoryRequested", b"OrderEaten"), (b'"data":{}', b'"data":7')],
)
def test_a_stranger_among_ours_is_unreadable(change: tuple[bytes, bytes]) -> None:
    told = EVENTS[1].body.replace(*change)
    assert told != EVENTS[1].body
    with pytest.raises(UnreadableMessage):
        message_in(_sent(told).partitions[0][0])


def test_a_reader_that_falls_over_a_record_has_not_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(_: bytes) -> Message:
        raise AttributeError("a defect")

    monkeypatch.setattr("trivet_order.application.projecting.reading_records.read", fall)
    store = MemoryProjections()
    _execute(_all(), store)
    assert {parked.reason for parked in store.aside.values()} == {"its reader failed: AttributeError: a defect"}
    assert len(store.aside) == len(EVENTS)


def test_a_message_of_any_allowed_length_is_read() -> None:
    padded = EVENTS[0].body + b" " * (RECORD_BYTES_MAX - len(EVENTS[0].body))
    assert message_in(_sent(padded).partitions[0][0]).event_id == EVENTS[0].event_id
    with pytest.raises(UnreadableMessage, match="bytes"):
        message_in(_sent(padded + b" ").partitions[0][0])


@pytest.mark.parametrize("text", ["order.events/3/17", "a/b/0/1"])
def test_a_place_is_named_as_it_is_written(text: str) -> None:
    assert str(Place.of(text)) == text


@pytest.mark.parametrize("text", ["", "order.events", "order.events/one/2", "1/2"])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Place.of(text)
