"""Uvicorn's protocol, with a bound on all that a client may make a connection hold; its refusals are problems.

Uvicorn reads a head for as long as it comes and as much of it as comes, and keeps an answer for as long as nobody reads
it. A client that sends a byte now and then (Slowloris) therefore costs it nothing and the replica a connection, and one
that never ends a header field costs the replica its memory. Here each of these has an end: a head, what follows a body,
the requests that wait behind another, and an answer that is not read. Bodies have theirs in ``limits.py``, and the
connections together in ``connections.py``.

Sources: RFC 9112 §9.3.2 (pipelining) and §9.5 (a server may close what is too slow), RFC 9110 §6.5 (trailers),
*Server Behavior* in uvicorn's documentation (flow control).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, ClassVar

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .connections import CONNECTION_LIMITS, ConnectionLimits, Connections, connections_within
from .errors import InvalidRequest
from .limits import has_body
from .rendering import problem_body
from .trace import new_trace

# Where a connection's client stands: before a request of which nothing has come; due to begin one (it sent an empty
# line); within a head; within a body; or cut off, because what it sent cannot be read on or its place was needed.
_IDLE, _AWAITED, _HEAD, _BODY, _ENDING = range(5)


class _Flow(FlowControl):
    """Reads nothing while requests wait behind another.

    Which race: every answer, and every look at a body, resumes reading, and one read may carry thousands of requests.
    Why this guard: whoever waits in the queue is whole but for the last of its bodies, and that is read once it is its
    turn. If it is lost, a client that pipelines faster than it is answered fills the memory.
    """

    def __init__(self, transport: asyncio.Transport, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on if nobody waits."""
        if self.read_paused and not self._pipeline:
            super().resume_reading()


class _Protocol(HttpToolsProtocol):
    """One connection.

    What runs for every request names its base instead of asking ``super()``, which costs a third of the guards' time.
    """

    node: ClassVar[str]
    limits: ClassVar[ConnectionLimits]
    table: ClassVar[Connections]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stage = _IDLE
        self._fault: str | None = None
        # The parser does not tell where in a read it stands, nor show a field before it is whole, so reads are counted
        # whole. What is pending since the last message or piece of a body has at least ``_pending_bytes``, too few by
        # one read at most; a head has at most ``_head_bytes``, and is measured only where that is too many.
        self._read_bytes = 0
        self._pending_bytes = 0
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        """Await the first request, if there is a place."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        if self.table.enter(self):
            self._watch()
        else:
            self.give_way()

    def give_way(self) -> None:
        """End at once: the place is needed, and what an idle client has not read by now holds it too."""
        self._stage = _ENDING
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of every timer: one that stays keeps the connection in memory until its time has come."""
        super().connection_lost(exc)
        self.table.leave(self)
        self._unset_keepalive_if_required()
        self._unwatch()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and bound what of it is not whole yet."""
        if self._stage == _ENDING:
            return
        if self._stage == _IDLE:
            self._stage = _AWAITED
            self.table.wake(self)
        self._read_bytes = read_bytes = len(data)
        self._pending_bytes += read_bytes
        self._head_bytes += read_bytes
        HttpToolsProtocol.data_received(self, data)
        if self._stage != _IDLE:
            self._bound_rest()
        elif not self._is_owed():  # the last of a body that nobody waited for
            self.table.rest(self)

    def _bound_rest(self) -> None:
        """Refuse a head or trailer that grows too large, and give a head its deadline."""
        if self._stage == _ENDING:
            return
        if self._pending_bytes > self.limits.head_bytes_max:
            self._refuse(self._too_large())
        elif self._stage != _AWAITED and len(self.headers) > self.limits.head_fields_max:
            self._refuse(self._too_many())
        elif not self._is_owed():  # while an answer is owed reading may rest, and the client's time begins after it
            self._watch()

    def on_message_begin(self) -> None:
        """Begin a head."""
        HttpToolsProtocol.on_message_begin(self)
        self._stage = _HEAD
        self._head_bytes = self._read_bytes

    def on_headers_complete(self) -> None:
        """Serve a request whose head is within the limits, or let it wait for its turn.

        Raises:
            ValueError: The head is too large, or too many wait. The parser turns it into its own error, which uvicorn
                answers by :meth:`send_400_response`.
        """
        limits = self.limits
        if len(self.headers) > limits.head_fields_max:
            self._fault = self._too_many()
        elif self._head_bytes > limits.head_bytes_max and self._is_head_too_large():
            self._fault = self._too_large()
        elif self.pipeline and len(self.pipeline) >= limits.pipelined_max:
            self._fault = f"{limits.pipelined_max} requests may wait behind another"
        elif self.parser.should_upgrade() and has_body(self.headers):
            # The parser ends such a request at its head, and would take its body for the next one.
            self._fault = "no other protocol is spoken here, so a request with a body asks for none"
        if self._fault is not None:
            raise ValueError(self._fault)
        HttpToolsProtocol.on_headers_complete(self)
        self._stage = _BODY
        self._pending_bytes = 0
        # What the parser finds from now on is the trailer: it must not become a part of the head, from which it was
        # read who asks.
        self.headers = []
        if self._deadline is not None:
            self._unwatch()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        super().on_body(body)
        self._pending_bytes = 0

    def on_message_complete(self) -> None:
        """End a request; what comes next is another's head."""
        HttpToolsProtocol.on_message_complete(self)
        self._stage = _IDLE
        self._pending_bytes = 0
        if self._deadline is not None:
            self._unwatch()

    def on_response_complete(self) -> None:
        """Serve who waits, or end what is over."""
        HttpToolsProtocol.on_response_complete(self)
        if self.transport.is_closing():
            self._end_unread()
        elif self.cycle.response_complete:
            if self._stage == _IDLE:
                self.table.rest(self)
            elif self._stage == _ENDING:
                self._close()
            else:
                self._unwatch()
                self._watch()

    def pause_writing(self) -> None:
        """Wait for a client that does not read its answers, but not for ever: it holds them, and a place."""
        super().pause_writing()
        self._unread_deadline = self.loop.call_later(self.limits.unread_deadline_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        super().resume_writing()
        if self._unread_deadline is not None:
            self._unread_deadline.cancel()
            self._unread_deadline = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for long."""
        super().timeout_keep_alive_handler()
        self._end_unread()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, if the refusal would stand where its request's answer belongs; then close.

        Which race: a client that pipelines is owed the answer to an earlier request when a later one turns out to be
        none. Answers have no names, so a refusal that is written at once is taken for the earlier one's. Why this
        guard: only who is owed nothing is told why; everybody else gets what is owed and then the end, which says
        nothing of the rest (RFC 9112 §9.3.2). If it is lost, a purchase that is under way is told as certainly not
        made, and is made again.
        """
        stage, self._stage = self._stage, _ENDING
        self._unwatch()
        owed = self._is_owed()
        if self._may_be_told(stage, owed=owed):
            self._write_problem(InvalidRequest(self._fault or msg.rstrip(".")))
            self._close()
        elif not owed:
            self._close()

    def _may_be_told(self, stage: int, *, owed: bool) -> bool:
        """Tell whether the next answer on the connection is that of what cannot be read."""
        if stage == _BODY:  # then it is the last request that began, and may itself be what is owed
            return owed and not self.pipeline and not self.cycle.response_started
        return not owed

    def _write_problem(self, error: InvalidRequest) -> None:
        """Answer a request that no application is asked about, so that its trace begins here."""
        trace = new_trace()
        body = problem_body(error, trace.trace_id)
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\n"
            f"traceparent: {trace.traceparent}\r\n"
            f"x-trivet-node: {self.node}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)

    def _refuse(self, fault: str) -> None:
        self._fault = fault
        self.send_400_response(fault)

    def _too_large(self) -> str:
        return f"the request's {self._part()} may have {self.limits.head_bytes_max} bytes"

    def _too_many(self) -> str:
        return f"the request's {self._part()} may have {self.limits.head_fields_max} fields"

    def _part(self) -> str:
        return "trailer" if self._stage == _BODY else "head"

    def _is_head_too_large(self) -> bool:
        """Measure a head as it is written with one space after each colon."""
        line_bytes = len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n")
        fields_bytes = sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
        return line_bytes + fields_bytes + len("\r\n") > self.limits.head_bytes_max

    def _is_owed(self) -> bool:
        """Tell whether a request has begun whose answer has not ended."""
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Give the client its deadline, unless it has one."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.head_deadline_s, self._on_deadline)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        """End the connection; who began a head is told why."""
        self._deadline = None
        if self._stage == _HEAD:
            self._refuse(f"the request's head did not arrive within {self.limits.head_deadline_s:g} s")
        else:
            self._close()

    def _close(self) -> None:
        self.transport.close()
        self._end_unread()

    def _end_unread(self) -> None:
        """Close for good after a while: a transport that closes waits until everything written was read."""
        if self._unread_deadline is None and self.transport.get_write_buffer_size():
            self._unread_deadline = self.loop.call_later(self.limits.unread_deadline_s, self.transport.abort)


def protocol_for(node: str, bounds: ConnectionLimits = CONNECTION_LIMITS) -> type[HttpToolsProtocol]:
    """Return the protocol class of a replica."""
    name = node

    class Protocol(_Protocol):
        node = name
        limits = bounds
        table = connections_within(bounds)

    return Protocol
