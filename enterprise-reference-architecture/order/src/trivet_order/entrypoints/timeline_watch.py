"""Who listens to which timeline, and the one watcher of a process that asks for all of them.

What wakes it: the clock, as long as anybody listens, and nothing while nobody does. A NOTIFY by the projector would
come sooner by half of the time between two looks. It would cost a connection for LISTEN in each process that a proxy
which pools transactions cannot carry, a lock that all who notify take while they commit, and the look by the clock all
the same, for a notice that is lost with its connection is never repeated. A look is one statement, an index range an
order, however many listen.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from trivet_chassis import QueueIsFull
from trivet_order.application import StoreUnavailable, TimelineEntry
from trivet_order.application.gapless import gapless
from trivet_order.application.projecting import TimelineFeedPort

_log = structlog.get_logger("trivet.timeline")


class Listener:
    """One who is told of one order's entries, from behind ``seen`` on, each once and in the order of versions.

    What waits for it is bounded by what an order can have of versions.
    """

    def __init__(self, seen: int) -> None:
        self.seen = seen
        self._waiting: asyncio.Queue[TimelineEntry | None] = asyncio.Queue()

    def tell(self, entries: list[TimelineEntry]) -> None:
        """Hand over what follows without a gap; what came before its time is asked for again."""
        for entry in gapless(entries, self.seen):
            self.seen = entry.version
            self._waiting.put_nowait(entry)

    def end(self) -> None:
        """Tell it that nothing more comes."""
        self._waiting.put_nowait(None)

    async def next(self) -> TimelineEntry | None:
        """Wait for the next entry; None at the end."""
        return await self._waiting.get()


class TimelineWatch:
    """Asks for the entries of all orders that somebody listens to.

    Which attack: a stream costs its client nothing, and holds a connection and a place among the requests that are
    served at once for as long as it likes. Why this guard: only so many may be open at a time. If it were lost, some
    hundred spectators would shut a replica.
    """

    def __init__(self, feed: TimelineFeedPort, poll_ms: int, streams_max: int, is_draining: Callable[[], bool]) -> None:
        """Listen to nobody yet.

        Args:
            feed: Where entries are read.
            poll_ms: Time between two looks, in ms.
            streams_max: How many may listen at once.
            is_draining: Whether the process ends; then every stream does.
        """
        self._feed = feed
        self._poll_s = poll_ms / 1000
        self._streams_max = streams_max
        self._is_draining = is_draining
        self._listeners: defaultdict[UUID, set[Listener]] = defaultdict(set)
        self._count = 0
        self._somebody = asyncio.Event()

    @contextmanager
    def listen(self, order_id: UUID, seen: int) -> Iterator[Listener]:
        """Be told of an order's entries in this block.

        Raises:
            QueueIsFull: As many listen as may.
        """
        if self._count >= self._streams_max:
            raise QueueIsFull(f"{self._streams_max} streams go on already")
        listener = Listener(seen)
        self._listeners[order_id].add(listener)
        self._count += 1
        self._somebody.set()
        try:
            yield listener
        finally:
            self._count -= 1
            self._listeners[order_id].discard(listener)
            if not self._listeners[order_id]:
                del self._listeners[order_id]
            if not self._count:
                self._somebody.clear()

    async def run(self) -> None:
        """Watch until cancelled; a database that is away makes listeners wait, and nothing else."""
        while True:
            await self._somebody.wait()
            if self._is_draining():
                self._end_all()
            try:
                await self._look()
            except StoreUnavailable as error:
                _log.warning("timelines not read", error=str(error))
            except Exception:  # noqa: BLE001  - a defect too must not leave every listener without a word for good
                _log.exception("timelines not read")
            await asyncio.sleep(self._poll_s)

    async def _look(self) -> None:
        seen = {order_id: min(each.seen for each in listeners) for order_id, listeners in self._listeners.items()}
        found: defaultdict[UUID, list[TimelineEntry]] = defaultdict(list)
        for entry in await self._feed.later(seen):
            found[entry.order_id].append(entry)
        for order_id, entries in found.items():
            for listener in self._listeners.get(order_id, ()):
                listener.tell(entries)

    def _end_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()
