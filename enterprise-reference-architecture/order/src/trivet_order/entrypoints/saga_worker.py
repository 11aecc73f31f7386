"""The worker of checkouts: a process that takes them through until SIGTERM, with its health and metrics beside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from trivet_chassis import (
    Units,
    configure_logs,
    run_server,
)
from trivet_order.adapters.sqlalchemy.saga_backlog import SagaBacklog
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application import StoreUnavailable
from trivet_order.application.saga import Orchestrator, Participants
from trivet_order.bootstrap import Checkouts
from trivet_order.entrypoints.bare_application import bare_application
from trivet_order.entrypoints.collecting import collect_seldom
from trivet_order.entrypoints.saga_watch import SagaWatch, silence_of
from trivet_order.entrypoints.server import serve_process
from trivet_order.settings import MEMBER

_LOOK_EVERY_S = 1.0
_DEFECT_PAUSE_S = 1.0
_log = structlog.get_logger("trivet.saga")


async def work_on(orchestrator: Orchestrator, time: InterruptibleTime) -> None:
    """Work until the orchestrator is stopped; a defect loses nothing, since what was not recorded is claimed again."""
    while not orchestrator.is_stopping:
        try:
            await orchestrator.run()
        except Exception:  # noqa: BLE001  - whatever it is, the next run begins with what is stored
            _log.exception("checking out failed")
            await time.pause(_DEFECT_PAUSE_S)


async def work(orchestrator: Orchestrator, time: InterruptibleTime, patience_s: float) -> None:
    """Work until cancelled; then end what is in flight, and give the shards back.

    Which race: the process is told to end while participants are asked and a record is written. Why this guard: the
    work is a task of its own, which is told to stop and waited for. If it were lost, others would wait for the end of
    the leases after each deployment.
    """
    working = asyncio.create_task(work_on(orchestrator, time))
    try:
        await asyncio.shield(working)
    finally:
        orchestrator.stop()
        time.interrupt()
        await asyncio.wait([working], timeout=patience_s)


async def watch(watcher: SagaWatch, weigh: Callable[[], Awaitable[SagaBacklog]]) -> None:
    """Look every second what waits; a database that is away is told of by whoever needs it."""
    while True:
        with contextlib.suppress(StoreUnavailable):
            watcher.weighed(await weigh())
        await asyncio.sleep(_LOOK_EVERY_S)


def serve_checkouts(checkouts: Checkouts) -> None:
    """Take checkouts through until SIGTERM or SIGINT; end what is in flight then, and give the shards back.

    Raises:
        WrongDatabase: The database is there and was not migrated.
    """
    settings = checkouts.process.settings
    configure_logs(MEMBER, settings.listen, settings.log_level)
    run_server(_serve(checkouts))


async def _serve(checkouts: Checkouts) -> None:
    process, settings = checkouts.process, checkouts.process.settings
    time, watcher = InterruptibleTime(), SagaWatch(process.registry, settings.saga_age_alarm_ms)
    async with checkouts.participants() as participants:
        orchestrator = checkouts.orchestrator(participants, time, watcher)
        process = process.concerned({"sagas": watcher.concern, "participants": _silence(participants)})
        app = bare_application(process.health, process.registry, settings.listen)
        collect_seldom()
        background = [work(orchestrator, time, settings.drain_timeout_s), watch(watcher, checkouts.weigh)]
        _log.info("checking out", holder=checkouts.holder, checkout=settings.checkout)
        await serve_process(process, app, Units(), background)


def _silence(participants: Participants) -> Callable[[], Awaitable[str | None]]:
    named = {
        "inventory": participants.stock,
        "reservation": participants.seats,
        "wallet": participants.wallet,
    }

    async def silence() -> str | None:
        return silence_of(named)

    return silence
