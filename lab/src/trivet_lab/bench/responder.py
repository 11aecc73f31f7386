"""``python -m trivet_lab.bench.responder``: answers everything with an empty object, and ends with its stdin.

It prints its port. It does what no server can do less of: find the end of a request and write forty bytes. What a
generator gets out of it is the generator's own ceiling.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class _Bare(asyncio.Protocol):
    """One connection with one request under way at a time, each with a content-length."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if found and len(body) >= int(length or 0):
            self._buffer = b""
            if self._transport is not None:
                self._transport.write(_ANSWER)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bare, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)  # whoever started it is done, or gone


if __name__ == "__main__":
    uvloop.run(_serve())
