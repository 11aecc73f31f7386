"""One pipelined connection to one node, owned by one event loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from redis.exceptions import RedisError, ResponseError

from trivet_locks.errors import NodeError

_HOPS = 4
"""Turns of the event loop that a reply takes from the socket to its call, and one to spare."""


class Wire(Protocol):
    """What is used of redis-py's asyncio `Connection`: address, TLS and authentication are its business."""

    @property
    def is_connected(self) -> bool:
        """Whether a socket is open."""

    async def connect(self) -> None:
        """Open the socket and authenticate."""

    async def send_packed_command(self, command: bytes, *, check_health: bool) -> None:
        """Write bytes; opens the socket anew if it is closed, so ask `is_connected` first."""

    async def read_response(self, *, disable_decoding: bool, disconnect_on_error: bool) -> object:
        """Read the next reply; raises ResponseError for an error reply."""

    async def disconnect(self, *, nowait: bool) -> None:
        """Close the socket after what was written has been flushed."""


@dataclass(slots=True, eq=False)
class _Call:
    command: bytes
    parting: bytes
    answer: asyncio.Future[object]
    written_s: float = 0.0


class Line:
    """Sends commands in the order they were called, and matches replies to them.

    *The race.* A SET that was sent but not answered may be applied at any later time: a paused server executes what
    lies in its socket once it continues. If the release that takes it back travelled on another connection of a pool,
    the server could execute the release first and the SET second, and leave a key that nobody owns.
    *The guard.* There is one connection, and a server executes one connection's commands in the order they were sent,
    so a release can never overtake. A call that is cancelled after it was sent stays in the line and its reply is
    dropped. When the line hangs up on a server that has gone silent, it first sends each unanswered call's `parting`
    words (for a SET: its release) behind it on the same connection.
    *If it is lost.* When the connection itself breaks, nothing more can be said on it; the key's TTL is the bound.
    """

    def __init__(self, make: Callable[[], Wire], *, stall_s: float, backlog: int) -> None:
        """`make` builds an unconnected wire. After `stall_s` without the answer due, the line hangs up.

        At most `backlog` calls wait at a time; one more is refused at once and was not sent.
        """
        self._make = make
        self._stall_s = stall_s
        self._backlog = backlog
        self._outbox: list[_Call] = []
        self._inflight: deque[_Call] = deque()
        self._more = asyncio.Event()
        self._watched = False
        self._over: asyncio.Future[str] | None = None
        self._owner: asyncio.Task[None] | None = None

    async def call(self, command: bytes, *, parting: bytes) -> object:
        """Send `command` and return its reply; raises NodeError, or the server's ResponseError."""
        if len(self._outbox) + len(self._inflight) >= self._backlog:
            msg = f"{self._backlog} commands wait for this node already"
            raise NodeError(msg)
        loop = asyncio.get_running_loop()
        call = _Call(command, parting, loop.create_future())
        self._outbox.append(call)
        self._more.set()
        if self._owner is None:
            self._over = loop.create_future()
            self._owner = loop.create_task(self._run(self._over))
        return await call.answer

    def hang_up(self, reason: str) -> None:
        """End the connection from within its event loop; the next call opens another."""
        if self._over is not None and not self._over.done():
            self._over.set_result(reason)

    async def close(self) -> None:
        """Hang up and wait until that is done."""
        owner = self._owner
        self.hang_up("closed")
        if owner is not None:
            await asyncio.wait({owner})

    async def _run(self, over: "asyncio.Future[str]") -> None:
        """Own one connection from opening to hanging up, so that no caller's cancellation can tear it."""
        wire = self._make()
        talk = asyncio.ensure_future(self._talk(wire, over))
        reason = "cancelled"
        try:
            either: set[asyncio.Future[Any]] = {talk, over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                reason = over.result()
            else:
                talk.result()
        except* (RedisError, OSError) as failed:
            reason = str(failed.exceptions[0]) or type(failed.exceptions[0]).__name__
        finally:
            talk.cancel()
            over.cancel()
            await self._leave(wire, reason)
            await asyncio.gather(talk, return_exceptions=True)

    async def _talk(self, wire: Wire, over: "asyncio.Future[str]") -> None:
        try:
            async with asyncio.timeout(self._stall_s):  # a paused server accepts, and never answers AUTH
                await wire.connect()
        except TimeoutError:
            msg = f"not connected within {self._stall_s * 1000:.0f} ms"
            raise ConnectionError(msg) from None
        async with asyncio.TaskGroup() as both:
            both.create_task(self._write(wire, over))
            both.create_task(self._read(wire))

    async def _write(self, wire: Wire, over: "asyncio.Future[str]") -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._more.wait()
            self._more.clear()
            calls = [call for call in self._outbox if not call.answer.done()]
            self._outbox.clear()
            if not calls:
                continue
            if not wire.is_connected:
                msg = "the connection was closed"
                raise ConnectionError(msg)
            for call in calls:
                call.written_s = loop.time()
            if not self._watched:
                self._watched = True
                loop.call_later(self._stall_s, self._watch, over)
            self._inflight.extend(calls)
            await wire.send_packed_command(b"".join(call.command for call in calls), check_health=False)

    async def _read(self, wire: Wire) -> None:
        while True:
            try:
                reply = await wire.read_response(disable_decoding=True, disconnect_on_error=False)
            except ResponseError as error:
                reply = error
            if not self._inflight:
                msg = "a reply that nobody asked for"
                raise ConnectionError(msg)
            answer = self._inflight.popleft().answer
            if answer.done():
                continue
            if isinstance(reply, ResponseError):
                answer.set_exception(reply)
            else:
                answer.set_result(reply)

    def _watch(self, over: "asyncio.Future[str]", hops: int = _HOPS) -> None:
        """Hang up if the oldest answer is overdue; first let this loop hear what arrived while it was itself late."""
        if over.done():
            return
        loop = asyncio.get_running_loop()
        left_s = self._inflight[0].written_s + self._stall_s - loop.time() if self._inflight else None
        if left_s is None:
            self._watched = False
        elif left_s > 0:
            loop.call_later(left_s, self._watch, over)
        elif hops:
            loop.call_soon(self._watch, over, hops - 1)
        else:
            over.set_result(f"no answer for {self._stall_s * 1000:.0f} ms")

    async def _leave(self, wire: Wire, reason: str) -> None:
        """Say the parting words, fail who still waits, and make room for the next connection before any await."""
        partings = b"".join(call.parting for call in self._inflight)
        waiting = [*self._inflight, *self._outbox]
        self._inflight.clear()
        self._outbox.clear()
        self._owner = self._over = None
        self._watched = False
        with suppress(RedisError, OSError):
            if partings and wire.is_connected:
                async with asyncio.timeout(self._stall_s):
                    await wire.send_packed_command(partings, check_health=False)
        for call in waiting:
            if not call.answer.done():
                call.answer.set_exception(NodeError(reason))
        with suppress(RedisError, OSError):
            await wire.disconnect(nowait=True)
