"""A timeline as server-sent events: what is known of it at once, and then each entry as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from trivet_chassis import QueueIsFull, problem_response
from trivet_order.application import TimelineEntry
from trivet_order.entrypoints.timeline_watch import Listener, TimelineWatch

MEDIA_TYPE = "text/event-stream"
_ALIVE = b": still here\n\n"
_HEADERS = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]


def entry_out(entry: TimelineEntry) -> Mapping[str, Any]:
    """Return an entry as everybody is told of it."""
    return {
        "version": entry.version,
        "event_id": entry.event_id,
        "type": entry.type,
        "occurred_on": entry.occurred_on,
        "recorded_on": entry.recorded_on,
        "data": entry.data,
    }


class TimelineStream(Response):
    """An answer that goes on until its time is over, its client is gone, or the process drains.

    It takes its place when it is sent, so that it gives it back whatever becomes of its request; who finds none free is
    told so in place of the stream. Its connection bounds how long an event may stay unread (``protocol.py``).
    """

    def __init__(
        self,
        watch: TimelineWatch,
        order_id: UUID,
        seen: int,
        first: Sequence[TimelineEntry],
        *,
        most_ms: int,
        heartbeat_ms: int,
    ) -> None:
        """Prepare a stream.

        Args:
            watch: Who tells of entries.
            order_id: Whose.
            seen: The version that the client has seen before ``first``.
            first: What is known already, without a gap.
            most_ms: How long it goes on.
            heartbeat_ms: How long it may be silent.
        """
        super().__init__(media_type=MEDIA_TYPE)
        self._watch = watch
        self._order_id = order_id
        self._seen = first[-1].version if first else seen
        self._first = first
        self._most_s = most_ms / 1000
        self._heartbeat_s = heartbeat_ms / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the end."""
        try:
            with self._watch.listen(self._order_id, self._seen) as listener:
                await self._send_all(listener, Request(scope, receive), send)
        except QueueIsFull as full:
            await problem_response(full)(scope, receive, send)

    async def _send_all(self, listener: Listener, request: Request, send: Send) -> None:
        over = asyncio.get_running_loop().call_later(self._most_s, listener.end)
        gone = asyncio.create_task(_end_when_gone(listener, request))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _write(send, b"".join(_event(entry) for entry in self._first))
            await self._follow(listener, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            over.cancel()
            gone.cancel()

    async def _follow(self, listener: Listener, send: Send) -> None:
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    entry = await listener.next()
            except TimeoutError:
                await _write(send, _ALIVE)
                continue
            if entry is None:
                return
            await _write(send, _event(entry))


async def _end_when_gone(listener: Listener, request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
    listener.end()


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _event(entry: TimelineEntry) -> bytes:
    return b"event: entry\nid: %d\ndata: %s\n\n" % (entry.version, msgspec.json.encode(entry_out(entry)))
