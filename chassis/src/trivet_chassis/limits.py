"""What a service is willing to read: a body of bounded size within a bounded time.

The body is collected *before* the application runs. It is small by the limit, so this costs nothing, and the two
refusals that concern reading are then decided in one place, whatever the framework's parser does with an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import InvalidRequest, PayloadTooLarge, ServiceError
from .rendering import problem_response

BODY_BYTES_MAX = 64 * 1024
BODY_DEADLINE_S = 10.0


class LimitsMiddleware:
    """Refuses a body over ``body_bytes_max`` with 413 (by its Content-Length, or while it streams).

    A body that does not arrive within ``body_deadline_s`` is refused with 400. Either refusal closes the connection,
    because what follows on it is the rest of that body.
    """

    def __init__(
        self, app: ASGIApp, body_bytes_max: int = BODY_BYTES_MAX, body_deadline_s: float = BODY_DEADLINE_S
    ) -> None:
        self._app = app
        self._bytes_max = body_bytes_max
        self._deadline_s = body_deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose body is within the limits, or refuse it."""
        if scope["type"] != "http" or not has_body(scope["headers"]):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._deadline_s):
                body = await self._read(scope, receive)
        except TimeoutError:
            await _refuse(
                InvalidRequest(f"the body did not arrive within {self._deadline_s:g} s"), scope, receive, send
            )
            return
        except ServiceError as error:
            await _refuse(error, scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, or None if the client left before it was whole."""
        too_large = PayloadTooLarge(f"a body may have {self._bytes_max} bytes", bytes_max=self._bytes_max)
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._bytes_max:
            raise too_large
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._bytes_max:
                raise too_large
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """A request has a body exactly if it has one of these two headers (RFC 9112 §6)."""
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in headers)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body once, then passes through (so that a disconnect is still seen)."""
    first = True

    async def replayed() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replayed


async def _refuse(error: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
    response = problem_response(error)
    response.headers["connection"] = "close"
    await response(scope, receive, send)
