"""What one process serves, from its first connection to its last."""

from __future__ import annotations

import structlog

from trivet_chassis import Drain, Unavailable, configure_logs, run_server, serve_asgi, warn_of_settings
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.entrypoints.api import create_service
from trivet_inventory.settings import MEMBER, unread_variables

_log = structlog.get_logger("trivet.server")


async def _serve(inventory: Inventory) -> None:
    settings = inventory.settings
    warn_of_settings(unread_variables(), settings.failpoints, settings.lab)
    await inventory.database.open()
    try:
        await inventory.database.confirm()
    except Unavailable as error:
        _log.warning("not ready yet", database=error.detail)
    app, units = create_service(inventory)
    _log.info("serving", listen=settings.listen, strategy=settings.strategy)
    try:
        await serve_asgi(
            app,
            inventory.health,
            units,
            listen=settings.listen,
            drain=Drain(settings.drain_delay_ms, settings.drain_timeout_s),
            background=[inventory.pruner.run(), inventory.sweeper.run(), *inventory.gate.background()],
        )
    finally:
        await inventory.close()
        _log.info("stopped")


def serve(inventory: Inventory) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Raises:
        WrongDatabase: The database is there and is not what the strategy wants.
    """
    configure_logs(MEMBER, inventory.settings.listen, inventory.settings.log_level)
    run_server(_serve(inventory))
