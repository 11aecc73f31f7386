"""Serving until SIGTERM, then draining: unready first, then no new connections, then out."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from types import FrameType

import structlog
import uvicorn
import uvloop

from trivet_chassis import Health, Unavailable, configure_logs
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.entrypoints.api import create_service
from trivet_inventory.entrypoints.protocol import protocol_for
from trivet_inventory.settings import MEMBER, unread_variables

# Longer than Envoy keeps an idle connection (an hour): if the server closed it first, a request that the load balancer
# sends at that moment would be cut, and a cut purchase is an unknown outcome.
_KEEP_ALIVE_S = 3900
_log = structlog.get_logger("trivet.server")


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


async def _serve(inventory: Inventory) -> None:
    settings = inventory.settings
    for sentence in unread_variables():
        _log.warning("setting ignored", setting=sentence)
    if settings.failpoints is not None:
        if settings.lab is None:
            _log.warning("setting ignored", setting="TRIVET_FAILPOINTS does nothing without TRIVET_LAB")
        else:
            _log.warning("failpoints armed", failpoints=settings.failpoints, lab=settings.lab)
    await inventory.database.open()
    try:
        await inventory.database.confirm()
    except Unavailable as error:
        _log.warning("not ready yet", database=error.detail)
    app, units = create_service(inventory)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol_for(settings.listen),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.drain_timeout_s,
    )
    pruning = asyncio.create_task(inventory.pruner.run())
    _log.info("serving", listen=settings.listen, strategy=settings.strategy)
    try:
        await _Server(config, inventory.health, settings.drain_delay_ms, asyncio.get_running_loop()).serve()
    finally:
        pruning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pruning
        await units.settle(settings.drain_timeout_s)
        await inventory.close()
        _log.info("stopped")


def serve(inventory: Inventory) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Raises:
        WrongDatabase: The database is there and is not what the strategy wants.
    """
    configure_logs(MEMBER, inventory.settings.listen, inventory.settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(inventory))
