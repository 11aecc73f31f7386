"""Serves the control API beside a shop that is up, until its block ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from trivet_lab.control.breakage import Breakage
from trivet_lab.control.gate import Gate
from trivet_lab.control.parts import Parts
from trivet_lab.control.routes import application
from trivet_lab.control.turns import Turns
from trivet_lab.faults import Target

HOST = "127.0.0.1"
GRACE_S = 2
CONNECTIONS_MAX = 64


class _Bounded(H11Protocol):
    """Hangs up on whoever comes when there are enough connections already.

    Anybody on this machine can connect and say nothing, and each connection takes a descriptor of the process that
    has to start the shop's parts. uvicorn's own ``limit_concurrency`` only refuses requests, and lets the silent stay.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Count it, and let it go if it is one too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()


class ControlServer:
    """The control API on a thread of its own, on ``port`` if that is free and else on a free one: read ``url``.

    It listens from the moment it is made, on loopback alone, and dies with the process that it lives in: there is
    nothing to clean up after ``kill -9``.
    """

    def __init__(self, targets: Mapping[str, Target], token: str, epoch_ns: int, port: int = 0) -> None:
        """Listen; times of faults count from ``epoch_ns`` on the monotonic clock."""
        self._socket = _listen(port)
        address = f"{HOST}:{self._socket.getsockname()[1]}"
        turns = Turns(targets)
        self._breakage = Breakage(targets, turns, lambda: time.monotonic_ns() - epoch_ns)
        app = Gate(application(Parts(targets, turns), self._breakage), address, token)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_Bounded,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self.url = f"http://{address}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="control", daemon=True
        )

    def __enter__(self) -> Self:
        """Answer from now on."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Answer no more. What is broken is left so: the platform stops it with everything else."""
        self._breakage.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def _listen(port: int) -> socket.socket:
    """Return a listening socket, on a free port if the wished one is taken; bound here, so nobody comes between."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            with contextlib.suppress(OSError):
                listener.close()
            raise
        listener.bind((HOST, 0))
    listener.listen()
    return listener
