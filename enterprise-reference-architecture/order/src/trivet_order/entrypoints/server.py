"""What one process serves, from its first connection to its last."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from starlette.types import ASGIApp

from trivet_chassis import Drain, Units, configure_logs, run_server, serve_asgi, warn_of_settings
from trivet_order.application import StoreUnavailable
from trivet_order.bootstrap import Api, Process
from trivet_order.entrypoints.api import create_service
from trivet_order.entrypoints.timeline import Timelines
from trivet_order.settings import MEMBER, unread_variables

_log = structlog.get_logger("trivet.server")


async def serve_process(
    process: Process, app: ASGIApp, units: Units, background: Sequence[Coroutine[Any, Any, None]] = ()
) -> None:
    """Serve a process's application, and do its work in the background, until SIGTERM or SIGINT.

    Raises:
        WrongDatabase: The database is there and was not migrated.
    """
    settings = process.settings
    warn_of_settings(unread_variables(), settings.failpoints, settings.lab)
    try:
        try:
            await process.database.confirm()
        except StoreUnavailable as error:
            _log.warning("not ready yet", database=str(error))
        _log.info("serving", listen=settings.listen)
        await serve_asgi(
            app,
            process.health,
            units,
            listen=settings.listen,
            drain=Drain(settings.drain_delay_ms, settings.drain_timeout_s),
            background=[*background, *process.gate.background()],
        )
    finally:
        await process.database.close()
        _log.info("stopped")


def serve_api(api: Api) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Raises:
        WrongDatabase: The database is there and was not migrated.
    """
    settings = api.process.settings
    configure_logs(MEMBER, settings.listen, settings.log_level)
    timelines = Timelines.of(api)
    app, units = create_service(api, timelines)
    run_server(serve_process(api.process, app, units, [timelines.watch.run()]))
