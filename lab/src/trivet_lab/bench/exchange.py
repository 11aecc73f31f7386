"""One kept HTTP/1.1 connection that has one request under way at a time."""

from __future__ import annotations

import asyncio

from trivet_lab.bench.result import BenchError

_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class Exchange(asyncio.Protocol):
    """Asks and is answered; knows of an answer where it ends and what its status is.

    A connection that the server closes is opened again at the next request: the request that was under way counts as
    cut, and is not repeated.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answered: asyncio.Future[int] | None = None

    async def open(self) -> None:
        """Connect; ``OSError`` if nobody listens."""
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: self, self._host, self._port)
        self._transport = transport

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, request: bytes) -> int:
        """Send a request and return the answer's status once the answer is whole, 0 if it was cut."""
        if self._transport is None or self._transport.is_closing():
            await self.open()
        self._buffer = b""
        self._answered = asyncio.get_running_loop().create_future()
        if self._transport is not None:
            self._transport.write(request)
        return await self._answered

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is whole."""
        self._buffer += data
        head, found, rest = self._buffer.partition(_END_OF_HEAD)
        if not found or self._answered is None or self._answered.done():
            return
        try:
            if _is_whole(head.lower(), rest):
                self._answered.set_result(int(head[9:12]))
        except ValueError:
            self._answered.set_exception(BenchError(f"this is no answer that a bench can read: {head[:80]!r}"))

    def connection_lost(self, _: Exception | None) -> None:
        """Let the request that was under way end as cut."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(0)


def _is_whole(head: bytes, body: bytes) -> bool:
    """Return whether a body is complete under this head; ``ValueError`` if the head does not say where it ends."""
    if not head.startswith(b"http/1.1 "):
        raise ValueError("another protocol")
    if head[9:12] in {b"204", b"304"}:
        return True
    _, has_length, length = head.partition(b"\r\ncontent-length:")
    if has_length:
        return len(body) >= int(length.partition(b"\r\n")[0])
    if b"\r\ntransfer-encoding: chunked" in head:
        return body.endswith(_LAST_CHUNK)
    raise ValueError("it ends where the connection ends")
