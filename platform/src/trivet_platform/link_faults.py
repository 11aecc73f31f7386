"""What a link can do with the traffic on it: one class a verb of ``Link``, which says what each is for.

One behaviour is in force at a time, for all connections. Three rules hold whichever follows whichever:

- A stream that lost a byte is *torn*. Nothing may be carried after a gap: the receiver would read rubbish, which no
  network does. So when bytes are carried again, torn connections are cut, and the others go on.
- What an earlier delay still holds is carried on, in order, before another behaviour begins.
- Bytes that the link has handed to the kernel are on the wire; no behaviour takes them back.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from trivet_platform.link_connection import Connection, Counts, End

_HELD_BYTES_MAX = 1 << 20
_DELAYED = "a delay holds enough of it"


class Clear:
    """Carry everything: bytes, half-closes and resets, as they come."""

    listens: ClassVar[bool] = True

    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    def entered(self, connection: Connection) -> None:
        """Take over a connection that is open already."""
        if connection.is_torn:
            connection.cut()
        else:
            connection.connect()

    def left(self, connection: Connection) -> None:
        """Give a connection to the behaviour that comes next."""

    def opened(self, connection: Connection) -> None:
        """Take a client that was just accepted."""
        connection.connect()

    def received(self, end: End, data: bytes) -> None:
        """Take bytes that arrived at an end."""
        end.pass_on(data)

    def ended(self, end: End) -> None:
        """Take it that an end sends nothing more; it may still read."""
        end.peer.finish()

    def lost(self, end: End) -> None:
        """Take it that an end is gone: so is the other one, by RST."""
        end.connection.reset()

    def closed(self, connection: Connection) -> None:
        """Forget a connection of which nothing is left."""


class Delay(Clear):
    """Hold everything for a while, each way, in order. A reset overtakes what is held, as it does in a network.

    At most 1 MiB is held each way of a connection; then its sender is not read until some of it has left.
    """

    def __init__(self, counts: Counts, ms: float, jitter_ms: float) -> None:
        super().__init__(counts)
        self._delay_s = ms / 1000
        self._jitter_s = jitter_ms / 1000
        self._random = random.Random(0)  # noqa: S311  - spreads arrivals, the same way in every run
        self._lines: dict[End, _Line] = {}

    def received(self, end: End, data: bytes) -> None:
        """Hold bytes."""
        self._hold(end, data)

    def ended(self, end: End) -> None:
        """Hold a FIN behind the bytes before it."""
        self._hold(end, None)

    def left(self, connection: Connection) -> None:
        """Carry on at once what is held."""
        for end in (connection.client, connection.server):
            if (line := self._lines.pop(end, None)) is not None:
                line.release_all()

    def closed(self, connection: Connection) -> None:
        """Lose what is held of it."""
        for end in (connection.client, connection.server):
            if (line := self._lines.pop(end, None)) is not None:
                line.discard()

    def _hold(self, end: End, data: bytes | None) -> None:
        if end not in self._lines:
            self._lines[end] = _Line(end, self.counts)
        spread_s = self._random.uniform(-self._jitter_s, self._jitter_s)
        self._lines[end].add(data, max(0.0, self._delay_s + spread_s))


class _Line:
    """What came from one end and is held, oldest first; None is its FIN.

    With jitter a later chunk may be due earlier. TCP delivers in order, so it waits for those before it.
    """

    def __init__(self, end: End, counts: Counts) -> None:
        self._end = end
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, data: bytes | None, delay_s: float) -> None:
        due = self._loop.time() + delay_s
        self._queue.append((due, data))
        if data is not None:
            self._count(len(data))
            self._counts.delayed += len(data)
            if self._held > _HELD_BYTES_MAX:
                self._end.hold(_DELAYED)
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._release_due)

    def release_all(self) -> None:
        self._stop()
        while self._queue:
            self._release_one()

    def discard(self) -> None:
        self._stop()
        self._counts.dropped += self._held
        self._count(-self._held)
        self._queue.clear()

    def _release_due(self) -> None:
        self._timer = None
        while self._queue and self._queue[0][0] <= self._loop.time():
            self._release_one()
        if self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self._release_due)

    def _release_one(self) -> None:
        _, data = self._queue.popleft()
        if data is None:
            self._end.peer.finish()
            return
        self._count(-len(data))
        self._end.pass_on(data)
        if self._held <= _HELD_BYTES_MAX:
            self._end.release(_DELAYED)

    def _count(self, change: int) -> None:
        self._held += change
        self._counts.held += change

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Reset(Clear):
    """Cut every connection by RST, and every new one as soon as it is accepted."""

    def entered(self, connection: Connection) -> None:
        """Cut it."""
        connection.cut()

    def opened(self, connection: Connection) -> None:
        """Cut it."""
        connection.cut()


class Refuse(Clear):
    """Refuse new connections (the kernel answers with RST: nobody listens). Open ones go on."""

    listens = False


class BlackHole(Clear):
    """Accept, swallow what comes from either side, and close nothing; neither side learns of the other's end."""

    def entered(self, connection: Connection) -> None:
        """Leave it open as it stands."""

    def opened(self, connection: Connection) -> None:
        """Leave it open, and without a connection to the target."""

    def received(self, end: End, data: bytes) -> None:
        """Swallow bytes."""
        end.drop(data)

    def ended(self, end: End) -> None:
        """Swallow a FIN."""
        end.connection.is_torn = True

    def lost(self, end: End) -> None:
        """Keep the other side as it is."""
        end.connection.is_torn = True


class HalfOpen(BlackHole):
    """Cut the target's side by RST, and leave the client's open: it waits for a server that forgot it."""

    def entered(self, connection: Connection) -> None:
        """Cut the target's side alone."""
        connection.is_torn = True
        connection.lose_server()

    def opened(self, connection: Connection) -> None:
        """Leave it open; the target never hears of it."""
        connection.is_torn = True


class CutAfter(Clear):
    """Lose the answer to what contains one of several patterns, and the connection with it.

    From the match on nothing reaches the client any more. What the client still sends is carried, since a request may
    reach further than the pattern (the terminator of ``COMMIT``, or the Execute and Sync behind its Parse). The first
    answering byte proves that the server has acted, or is about to: then it gets a FIN, behind which it finds
    nothing more to read, acts on all that it was sent, answers into the void and closes. Only now the client is reset.

    So whoever sees the reset sees a server that has finished, and no answer. A server that keeps its side open after a
    FIN keeps the client waiting, until its own timeout or until the link is cleared.
    """

    def __init__(self, counts: Counts, patterns: list[str], times: int | None) -> None:
        super().__init__(counts)
        self._patterns = [bytes.fromhex(pattern) for pattern in patterns]
        self._times = times
        self._searches: dict[Connection, Search] = {}
        self._matched: set[Connection] = set()

    def received(self, end: End, data: bytes) -> None:
        """Look for the pattern; after it, lose what the server answers."""
        connection = end.connection
        is_answer = end is connection.server
        if connection in self._matched:
            if is_answer:
                end.drop(data)
                end.finish()
                return
        elif not is_answer and self._times != 0 and self._finds(connection, data):
            self.counts.matched += 1
            self._times = None if self._times is None else self._times - 1
            self._matched.add(connection)
            connection.is_torn = True
        end.pass_on(data)

    def ended(self, end: End) -> None:
        """Cut the connection when the server has closed after a match."""
        if end.connection in self._matched and end is end.connection.server:
            end.connection.cut()
        else:
            super().ended(end)

    def lost(self, end: End) -> None:
        """After a match, cut what the server has left, and let it finish although its client did not wait for it."""
        if end.connection not in self._matched:
            super().lost(end)
        elif end is end.connection.server:
            end.connection.cut()
        else:
            end.peer.finish()

    def closed(self, connection: Connection) -> None:
        """Forget a connection of which nothing is left."""
        self._searches.pop(connection, None)
        self._matched.discard(connection)

    def _finds(self, connection: Connection, data: bytes) -> bool:
        if connection not in self._searches:
            self._searches[connection] = Search(self._patterns)
        return self._searches[connection].finds(data)


class CutAnswer(Clear):
    """Carry what is asked, and cut the connection at the first byte of an answer: whoever asked learns nothing.

    An answer begins when its server has acted. Both sides are reset, so that nobody asks anything more on it.
    """

    def received(self, end: End, data: bytes) -> None:
        """Lose an answer, and the connection."""
        if end is end.connection.client:
            end.pass_on(data)
            return
        self.counts.matched += 1
        end.drop(data)
        end.connection.cut()


class Search:
    """Finds one of several patterns in a stream, wherever TCP cut it into segments."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        self._patterns = patterns
        self._kept = max(map(len, patterns)) - 1
        self._tail = b""

    def finds(self, data: bytes) -> bool:
        """Whether a pattern ends in this piece; it may have begun in any before."""
        seen = self._tail + data
        if any(pattern in seen for pattern in self._patterns):
            return True
        self._tail = seen[-self._kept :] if self._kept else b""
        return False


VERBS: Mapping[str, Callable[..., Clear]] = {
    "clear": Clear,
    "delay": Delay,
    "reset": Reset,
    "refuse": Refuse,
    "black_hole": BlackHole,
    "half_open": HalfOpen,
    "cut_after": CutAfter,
    "cut_answer": CutAnswer,
}
