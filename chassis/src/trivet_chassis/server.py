"""Serving until SIGTERM, then draining: unready first, then no new connections, then out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from .connections import CONNECTION_LIMITS, ConnectionLimits
from .health import Health
from .protocol import protocol_for
from .units import Units

# Longer than a proxy keeps an idle connection, 3 s at our edge and a minute at most of the others: if the server closed
# it first, a request that the proxy sends at that moment would be cut, and a cut write is an unknown outcome.
_KEEP_ALIVE_S = 75
_PORT_MAX = 65535
_log = structlog.get_logger("trivet.server")


def host_and_port(listen: str) -> tuple[str, int]:
    """Return the host, without the brackets of an IPv6 address, and the port of an address to listen on.

    Raises:
        ValueError: It is no host:port.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _PORT_MAX:
        raise ValueError(f"must be host:port, not {listen!r}")
    return host.strip("[]"), int(port)


def warn_of_settings(unread: Sequence[str], failpoints: str | None, lab: str | None) -> None:
    """Log what is set and does nothing, and what a lab has armed.

    Args:
        unread: A sentence for every variable that looks like a setting and is none.
        failpoints: The value of ``TRIVET_FAILPOINTS``.
        lab: The value of ``TRIVET_LAB``.
    """
    for sentence in unread:
        _log.warning("setting ignored", setting=sentence)
    if failpoints is None:
        return
    if lab is None:
        _log.warning("setting ignored", setting="TRIVET_FAILPOINTS does nothing without TRIVET_LAB")
    else:
        _log.warning("failpoints armed", failpoints=failpoints, lab=lab)


@dataclass(frozen=True)
class Drain:
    """How a server ends.

    It listens for ``delay_ms`` while ``/readyz`` already says no, and then for nobody new. Requests may take
    ``timeout_s`` to end, and units as long after them.
    """

    delay_ms: int
    timeout_s: int


class _Server(uvicorn.Server):
    """Uvicorn that answers ``/readyz`` with no for a while before it stops listening."""

    def __init__(
        self, config: uvicorn.Config, health: Health, drain_delay_ms: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(config)
        self._loop = loop
        self._health = health
        self._drain_delay_s = drain_delay_ms / 1000
        self._draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to drain; a second signal ends the delay, a third one uvicorn's patience."""
        del frame
        if self._draining or not self._drain_delay_s:
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True
        else:
            # A signal handler interrupts the loop anywhere, so it may only leave a note for it.
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_delay_s, self._stop)
        self._draining = True
        self._health.drain()

    def _stop(self) -> None:
        self.should_exit = True


@contextlib.asynccontextmanager
async def _beside(works: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run works beside the block and end them with it; one that failed is told of and spoils nobody's end."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                _log.error("background work failed", exc_info=ended)


@contextlib.contextmanager
def _start_up_kept_from_collector() -> Iterator[None]:
    """Keep what is there now out of the garbage collector's rounds.

    A full collection looks at every object that it knows, with the interpreter standing still: most of them are code
    and models that stay to the end, some 70 ms of them with Django. Frozen, a full collection costs what the requests
    left behind (gc.freeze, *Garbage Collector interface*, Python's library reference).
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def serve_asgi(
    app: ASGIApp,
    health: Health,
    units: Units,
    *,
    listen: str,
    drain: Drain,
    background: Sequence[Coroutine[Any, Any, None]] = (),
    proxies: Sequence[str] = (),
    limits: ConnectionLimits = CONNECTION_LIMITS,
) -> None:
    """Serve HTTP until SIGTERM or SIGINT, then drain, and return once the work in flight has ended.

    Which attack: whoever reaches the port writes ``X-Forwarded-Proto`` or ``X-Forwarded-For`` himself, and is taken for
    a request that came over TLS, or for somebody else's in the audit log. Why this guard: the two are read of requests
    whose connection comes from a proxy that was named, and without one of nobody's. Uvicorn by itself believes whoever
    is on loopback, and whom a variable that is no setting of ours names.

    Args:
        app: What answers.
        health: Says no at ``/readyz`` from the first signal on.
        units: The work that outlives its request; settled after the last connection.
        listen: host:port; also the node's name in an answer to what is no HTTP.
        drain: How to end.
        background: Works that run from now on for as long as anything is served, and are then cancelled.
        proxies: Addresses and networks whose word on scheme and client is believed.
        limits: How much and how long a connection may hold, and how many there may be.
    """
    host, port = host_and_port(listen)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol_for(listen, limits),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=drain.timeout_s,
    )
    try:
        async with _beside(background):
            with _start_up_kept_from_collector():
                await _Server(config, health, drain.delay_ms, asyncio.get_running_loop()).serve()
    finally:
        await units.settle(drain.timeout_s)


def run_server(serving: Coroutine[Any, Any, None]) -> None:
    """Run what serves, on the event loop that servers run on, to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)
