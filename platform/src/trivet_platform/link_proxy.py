"""The process of a link: a listener, the connections through it, and a control channel for the verbs.

The channel is a Unix socket that this user alone may open. One JSON object a line each way::

    {"verb": "delay", "ms": 20, "jitter_ms": 5}  ->  {"counts": {…}}      when it is in effect
    {"verb": "counts"}                           ->  {"counts": {…}}
    anything else                                ->  {"error": sentence}
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import resource
import socket
from pathlib import Path
from typing import Any

from trivet_platform.link_connection import Connection, Counts, Shared
from trivet_platform.link_faults import VERBS, Clear
from trivet_platform.sockets import split_address

_BACKLOG = 1024


class Listener:
    """The address of a link. It can stop listening without giving the port away.

    Race: while nobody listens on a port, anybody may. A socket that stays bound holds it, but with SO_REUSEADDR only
    against those who do not ask for that option, and servers do. The option is needed to listen beside connections that
    wait out their last minutes (TIME_WAIT), so it is on while the link listens, and off while it does not.
    """

    def __init__(self, host: str, port: int, shared: Shared) -> None:
        self._shared = shared
        self._server: asyncio.Server | None = None
        self._socket = socket.socket()
        self._share_port(1)
        self._socket.bind((host, port))

    async def open(self) -> None:
        """Accept connections, unless it does so already."""
        if self._server is None:
            self._share_port(1)
            loop = asyncio.get_running_loop()
            # The server closes its socket when it stops; the duplicate keeps the port bound.
            self._server = await loop.create_server(
                lambda: Connection(self._shared).client, sock=self._socket.dup(), backlog=_BACKLOG
            )

    def close(self) -> None:
        """Let the kernel refuse connections; it resets those that it has accepted and nobody has taken yet."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._share_port(0)
            self._socket.shutdown(socket.SHUT_RD)

    def _share_port(self, share: int) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, share)


class Proxy:
    """One link."""

    def __init__(self, host: str, port: int, target: str) -> None:
        counts = Counts()
        self._behaviour = Clear(counts)
        self._shared = Shared(*split_address(target), self._behaviour, counts)
        self._listener = Listener(host, port, self._shared)
        self._changing = asyncio.Lock()

    async def serve(self, control: str) -> None:
        """Carry connections and answer on the control channel, until the process is ended."""
        await self._listener.open()
        mask = os.umask(0o077)
        server = await asyncio.start_unix_server(self._converse, control)
        os.umask(mask)
        await server.serve_forever()

    async def change(self, new: Clear) -> None:
        """Put another behaviour in force, and return when it is.

        Race: bytes arrive meanwhile. The behaviour changes for all connections without an await in between, so each
        byte meets the old one or the new one on all of them; no connection is seen by neither. A reset is in effect
        once the socket is closed, which asyncio does in a later round of its loop: that is waited for.
        """
        async with self._changing:
            old, self._behaviour, self._shared.behaviour = self._behaviour, new, new
            for connection in list(self._shared.connections):
                old.left(connection)
                new.entered(connection)
            if new.listens:
                await self._listener.open()
            else:
                self._listener.close()
            await asyncio.gather(*(end.gone.wait() for end in self._shared.leaving))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(json.loads(line))).encode() + b"\n")
                await writer.drain()
        except OSError:
            pass  # whoever asked is gone
        finally:
            writer.close()

    async def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        verb = message.pop("verb", None)
        if verb != "counts":
            if verb not in VERBS:
                return {"error": f"a link has no verb {verb}"}
            await self.change(VERBS[verb](self._shared.counts, **message))
        return {"counts": dataclasses.asdict(self._shared.counts)}


def run(host: str, port: str, target: str, control: str) -> None:
    """Be the process of a link."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two descriptors a connection
    Path(control).unlink(missing_ok=True)  # of an earlier life
    asyncio.run(Proxy(host, int(port), target).serve(control))
