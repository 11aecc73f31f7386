"""The relay: a process that publishes what the outbox has until SIGTERM, and serves its health and metrics beside."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CollectorRegistry

from trivet_chassis import (
    Drain,
    Health,
    Units,
    configure_logs,
    run_server,
    serve_asgi,
    warn_of_settings,
)
from trivet_order.adapters.sqlalchemy.outbox_pruning import OutboxPruner
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application import StoreUnavailable
from trivet_order.application.relaying import Backlog, Relay
from trivet_order.bootstrap import Relaying
from trivet_order.entrypoints.bare_application import bare_application
from trivet_order.entrypoints.relay_watch import RelayWatch
from trivet_order.settings import MEMBER, unread_variables

_LOOK_EVERY_S = 1.0
_DEFECT_PAUSE_S = 1.0
_log = structlog.get_logger("trivet.relay")


async def relay_on(relay: Relay, time: InterruptibleTime) -> None:
    """Relay until the relay is stopped; a defect too loses nothing, since what was not marked is claimed again."""
    while not relay.is_stopping:
        try:
            await relay.run()
        except Exception:  # noqa: BLE001  - whatever it is, the next turn begins with what the outbox says
            _log.exception("relaying failed")
            await time.pause(_DEFECT_PAUSE_S)


async def watch(watcher: RelayWatch, weigh: Callable[[], Awaitable[Backlog]]) -> None:
    """Look every second what waits; a database that is away is told of by whoever needs it."""
    while True:
        with contextlib.suppress(StoreUnavailable):
            watcher.weighed(await weigh())
        await asyncio.sleep(_LOOK_EVERY_S)


async def prune(watcher: RelayWatch, pruner: OutboxPruner, interval_s: float) -> None:
    """Prune for ever; what is not pruned now is pruned next time."""
    while True:
        with contextlib.suppress(StoreUnavailable):
            watcher.pruned(await pruner.prune())
        await asyncio.sleep(interval_s)


async def _serve(relaying: Relaying) -> None:
    settings = relaying.settings
    warn_of_settings(unread_variables(), settings.failpoints, settings.lab)
    registry, time, sender = CollectorRegistry(), InterruptibleTime(), relaying.sender()
    watcher = RelayWatch(registry, settings.outbox_age_alarm_ms)
    relay = relaying.relay(sender, time, watcher)
    health = Health(
        {"database": relaying.database.blocker, "kafka": sender.blocker}, concerns={"outbox": watcher.concern}
    )
    try:
        await relaying.database.confirm()
    except StoreUnavailable as error:
        _log.warning("not ready yet", database=str(error))
    if away := await sender.blocker():
        _log.warning("not ready yet", kafka=away)
    _log.info("relaying", listen=settings.listen, topic=settings.topic, holder=relaying.holder)
    running = asyncio.create_task(relay_on(relay, time))
    try:
        await serve_asgi(
            bare_application(health, registry, settings.listen),
            health,
            Units(),
            listen=settings.listen,
            drain=Drain(settings.drain_delay_ms, settings.drain_timeout_s),
            background=[
                watch(watcher, relaying.outbox.backlog),
                prune(watcher, relaying.pruner, settings.prune_interval_s),
            ],
        )
    finally:
        relay.stop()
        time.interrupt()
        await asyncio.wait([running], timeout=settings.drain_timeout_s)
        await sender.close()
        await relaying.database.close()
        _log.info("stopped")


def serve(relaying: Relaying) -> None:
    """Relay until SIGTERM or SIGINT; end the batch in flight then, and give the shards back.

    Raises:
        WrongDatabase: The database is there and was not migrated.
    """
    configure_logs(MEMBER, relaying.settings.listen, relaying.settings.log_level)
    # While a broker is away aiokafka tells of each attempt to reach it; that relaying waits is told once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    run_server(_serve(relaying))
