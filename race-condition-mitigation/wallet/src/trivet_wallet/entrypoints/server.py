"""What one process serves, from its first connection to its last."""

from __future__ import annotations

import asyncio
import logging

import structlog
from django.db import connections

from trivet_chassis import Drain, Health, Unavailable, configure_logs, run_server, serve_asgi, warn_of_settings
from trivet_wallet.bootstrap import Wallet
from trivet_wallet.entrypoints.application import create_service
from trivet_wallet.entrypoints.desk import Desk
from trivet_wallet.settings import MEMBER, unread_variables

_log = structlog.get_logger("trivet.server")


def _open(wallet: Wallet) -> Desk:
    settings = wallet.settings
    return Desk(
        wallet.combine(asyncio.get_running_loop().call_soon),
        wallet.teller,
        wallet.selectors,
        threads=settings.pool_connections_max - settings.lanes - 1,
        queue_max=settings.queue_max,
        wait_ms=settings.pool_wait_ms,
    )


async def _fold(wallet: Wallet) -> None:
    """Fold for ever, in a thread; what could not be folded is folded next time."""
    while True:
        try:
            await asyncio.to_thread(wallet.folder.fold_all)
        except Exception as error:  # noqa: BLE001  - whatever failed, the entries are still pending
            _log.warning("folding failed", error=repr(error))
        await asyncio.sleep(wallet.settings.fold_interval_ms / 1000)


async def _serve(wallet: Wallet) -> None:
    settings = wallet.settings
    warn_of_settings(unread_variables(), settings.failpoints, settings.lab)
    try:
        await asyncio.to_thread(wallet.confirm)
    except Unavailable as error:
        _log.warning("not ready yet", database=error.detail)
    desk = _open(wallet)
    health = Health({"database": desk.blocker, **wallet.gate.checks}, concerns=wallet.gate.concerns)
    _log.info("serving", listen=settings.listen, strategy=settings.strategy)
    try:
        await serve_asgi(
            create_service(wallet, desk, health),
            health,
            desk.units,
            listen=settings.listen,
            drain=Drain(settings.drain_delay_ms, settings.drain_timeout_s),
            background=[_fold(wallet), *wallet.gate.background()],
        )
    finally:
        await asyncio.to_thread(desk.close)
        connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone has one
        _log.info("stopped")


def serve(wallet: Wallet) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Raises:
        WrongDatabase: The database is there and is not what the strategy wants.
    """
    configure_logs(MEMBER, wallet.settings.listen, wallet.settings.log_level)
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a refusal is an answer, counted by the metrics
    run_server(_serve(wallet))
