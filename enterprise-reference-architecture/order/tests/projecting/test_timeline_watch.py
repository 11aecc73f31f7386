"""One watcher tells every listener its order's entries, each once, in the order of versions and without a gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from order_events import history

from trivet_chassis import QueueIsFull
from trivet_order.adapters.memory import MemoryProjections
from trivet_order.application import Message, StoreUnavailable, TimelineEntry
from trivet_order.entrypoints.timeline_stream import TimelineStream
from trivet_order.entrypoints.timeline_watch import Listener, TimelineWatch

MESSAGES = history(1, 5)
ORDER = MESSAGES[0].aggregate_id


class Feed:
    """A feed that counts who asks, and is away at first if it is told so."""

    def __init__(self, store: MemoryProjections, away: Sequence[Exception] = ()) -> None:
        self._store = store
        self._away = list(away)
        self.asked: list[Mapping[UUID, int]] = []

    async def later(self, seen: Mapping[UUID, int]) -> Sequence[TimelineEntry]:
        self.asked.append(dict(seen))
        if self._away:
            raise self._away.pop()
        return await self._store.later(seen)


async def record(store: MemoryProjections, *messages: Message) -> None:
    async with store.open() as unit:
        await unit.timeline.record(messages)
        await unit.commit()


@asynccontextmanager
async def watching(feed: Feed, draining: list[bool] | None = None, most: int = 10) -> AsyncIterator[TimelineWatch]:
    watch = TimelineWatch(feed, 0, most, lambda: bool(draining))
    task = asyncio.create_task(watch.run())
    try:
        async with asyncio.timeout(20):
            yield watch
    finally:
        task.cancel()


async def versions(listener: Listener, count: int) -> list[int]:
    found = [await listener.next() for _ in range(count)]
    return [entry.version for entry in found if entry]


async def looked(feed: Feed, times: int) -> None:
    """Wait until the watcher has begun to look so often again."""
    times += len(feed.asked)
    while len(feed.asked) < times:  # noqa: ASYNC110  - the watcher's turn
        await asyncio.sleep(0)


async def test_entries_that_came_out_of_order_are_told_in_order() -> None:
    store = MemoryProjections()
    feed = Feed(store)
    async with watching(feed) as watch:
        with watch.listen(ORDER, 0) as listener:
            await record(store, MESSAGES[0], MESSAGES[2], MESSAGES[3])
            assert await versions(listener, 1) == [1]
            await looked(feed, 3)
            assert listener.seen == 1
            await record(store, MESSAGES[1])
            assert await versions(listener, 3) == [2, 3, 4]
            await record(store, MESSAGES[4])
            assert await versions(listener, 1) == [5]


async def test_an_entry_that_is_there_twice_is_told_once() -> None:
    store = MemoryProjections()
    await record(store, MESSAGES[0], MESSAGES[0], MESSAGES[1], MESSAGES[1])
    async with watching(Feed(store)) as watch:
        with watch.listen(ORDER, 0) as listener:
            assert await versions(listener, 2) == [1, 2]
            await record(store, MESSAGES[2])
            assert await versions(listener, 1) == [3]


async def test_all_are_asked_for_in_one_statement_from_the_least_that_was_seen() -> None:
    store, other = MemoryProjections(), history(2, 3)
    await record(store, *MESSAGES, *other)
    feed = Feed(store)
    async with watching(feed) as watch:
        with (
            watch.listen(ORDER, 3) as late,
            watch.listen(ORDER, 1) as early,
            watch.listen(other[0].aggregate_id, 0) as third,
        ):
            assert await versions(late, 2) == [4, 5]
            assert await versions(early, 4) == [2, 3, 4, 5]
            assert await versions(third, 3) == [1, 2, 3]
    assert feed.asked[0] == {ORDER: 1, other[0].aggregate_id: 0}


async def test_while_nobody_listens_nobody_asks() -> None:
    feed = Feed(MemoryProjections())
    async with watching(feed) as watch:
        with watch.listen(ORDER, 0):
            await looked(feed, 1)
        asked = len(feed.asked)
        for _ in range(50):  # each of which would be the watcher's turn too
            await asyncio.sleep(0)
        assert len(feed.asked) <= asked + 1
        with watch.listen(ORDER, 0):
            await looked(feed, 1)


@pytest.mark.parametrize("error", [StoreUnavailable("away", definite=True), RuntimeError("a defect")])
async def test_a_database_that_is_away_makes_listeners_wait(error: Exception) -> None:
    store = MemoryProjections()
    await record(store, MESSAGES[0])
    async with watching(Feed(store, [error, error])) as watch:
        with watch.listen(ORDER, 0) as listener:
            assert await versions(listener, 1) == [1]


async def test_one_more_than_may_listen_is_refused_and_a_place_is_given_back() -> None:
    async with watching(Feed(MemoryProjections()), most=1) as watch:
        with watch.listen(ORDER, 0), pytest.raises(QueueIsFull), watch.listen(ORDER, 0):
            pass
        with watch.listen(ORDER, 0):
            pass


async def test_every_listener_ends_when_the_process_drains() -> None:
    draining: list[bool] = []
    async with watching(Feed(MemoryProjections()), draining) as watch:
        with watch.listen(ORDER, 0) as one, watch.listen(history(2, 1)[0].aggregate_id, 0) as two:
            draining.append(True)
            assert (await one.next(), await two.next()) == (None, None)


class Client:
    """What reads a stream; ``leave`` is its going."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.text = ""
        self._left = asyncio.Event()

    def leave(self) -> None:
        self._left.set()

    async def receive(self) -> Any:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.text += message["body"].decode()

    async def read(self, stream: TimelineStream) -> None:
        await stream({"type": "http"}, self.receive, self.send)

    async def until(self, text: str) -> None:
        while text not in self.text:  # noqa: ASYNC110  - the stream's turn
            await asyncio.sleep(0)


def stream_of(watch: TimelineWatch, seen: int = 0, *, most_ms: int = 20_000, heartbeat_ms: int = 20_000) -> Any:
    return TimelineStream(watch, ORDER, seen, [], most_ms=most_ms, heartbeat_ms=heartbeat_ms)


async def test_a_stream_has_the_headers_and_events_of_its_kind() -> None:
    store, client = MemoryProjections(), Client()
    await record(store, MESSAGES[1])
    async with watching(Feed(store)) as watch:
        reading = asyncio.create_task(client.read(stream_of(watch, 1)))
        await client.until("\n\n")
        client.leave()
        await reading
        assert watch._count == 0
    assert (client.status, client.headers[b"content-type"]) == (200, b"text/event-stream")
    assert client.headers[b"cache-control"] == b"no-store"
    kind, number, data, *_ = client.text.split("\n")
    assert (kind, number) == ("event: entry", "id: 2")
    assert f'"event_id":"{MESSAGES[1].event_id}"' in data


async def test_a_silent_stream_says_that_it_is_alive_and_ends_in_time() -> None:
    client = Client()
    async with watching(Feed(MemoryProjections())) as watch:
        reading = asyncio.create_task(client.read(stream_of(watch, heartbeat_ms=1)))
        await client.until(": still here\n\n" * 2)
        client.leave()
        await reading
        await Client().read(stream_of(watch, most_ms=0))


async def test_a_stream_that_finds_no_place_is_told_so() -> None:
    client = Client()
    async with watching(Feed(MemoryProjections()), most=0) as watch:
        await client.read(stream_of(watch))
    assert client.status == 429
    assert '"code":"queue-full"' in client.text
