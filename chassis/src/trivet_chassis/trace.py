"""W3C Trace Context (level 1): one trace id from the edge to the log line and the problem body.

Parsing is strict, because a malformed ``traceparent`` that is passed on would break the next service's trace too:
anything that the recommendation forbids starts a new trace.
"""

from __future__ import annotations

import contextvars
import re
import secrets
from dataclasses import dataclass

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_VERSION_00 = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_LATER = re.compile(r"(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """A position in a trace: 32 and 16 hexadecimal digits, and whether the caller records it."""

    trace_id: str
    span_id: str
    sampled: bool = False

    @property
    def traceparent(self) -> str:
        """The header that passes this position on."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> Trace:
        """Return a new span of the same trace."""
        return Trace(self.trace_id, secrets.token_hex(8), self.sampled)


NO_TRACE = Trace("0" * 32, "0" * 16)
_current: contextvars.ContextVar[Trace] = contextvars.ContextVar("trivet_trace", default=NO_TRACE)


def new_trace() -> Trace:
    """Return the root of a new trace."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def parse_traceparent(value: str) -> Trace | None:
    """Return the position that a ``traceparent`` header names, or None if the header is invalid."""
    found = _VERSION_00.fullmatch(value) or _LATER.fullmatch(value)
    if found is None:
        return None
    trace_id, span_id, flags = found.groups()
    if trace_id == NO_TRACE.trace_id or span_id == NO_TRACE.span_id:
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & 1))


def current_trace() -> Trace:
    """Return the position of the request that is being served; all zeros outside a request."""
    return _current.get()


def current_trace_id() -> str:
    """Return the trace id of the request that is being served."""
    return _current.get().trace_id


class TraceMiddleware:
    """Reads ``traceparent``, opens a span, and answers with ``traceparent`` and ``x-trivet-node``.

    It belongs outermost, so that every answer, a defect's included, names its trace and the replica.
    """

    def __init__(self, app: ASGIApp, node: str) -> None:
        self._app = app
        self._node = node

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request inside its trace."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"traceparent"]
        parent = parse_traceparent(given[0].decode("latin-1")) if len(given) == 1 else None
        trace = (parent or new_trace()).child()
        position = _current.set(trace)
        bound = structlog.contextvars.bind_contextvars(trace_id=trace.trace_id, span_id=trace.span_id)

        async def send_with_trace(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["traceparent"] = trace.traceparent
                headers["x-trivet-node"] = self._node
            await send(message)

        try:
            await self._app(scope, receive, send_with_trace)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
            _current.reset(position)
