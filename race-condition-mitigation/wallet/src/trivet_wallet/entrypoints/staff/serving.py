"""What the staff's process serves: their pages, the files that those take, and what every process tells of itself."""

from __future__ import annotations

import asyncio

import structlog
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from trivet_chassis import (
    OPEN_PATHS,
    Drain,
    Health,
    LimitsMiddleware,
    MetricsMiddleware,
    SheddingMiddleware,
    TraceMiddleware,
    Unavailable,
    Units,
    WrongDatabase,
    configure_logs,
    metrics_route,
    problem_handlers,
    run_server,
    serve_asgi,
    warn_of_settings,
)
from trivet_wallet.bootstrap import Wallet
from trivet_wallet.entrypoints.boundary import name_route
from trivet_wallet.entrypoints.staff.configuration import ensure_deployable, proxies
from trivet_wallet.settings import MEMBER, unread_variables

_OURS = ("/livez", "/readyz", "/metrics", "/static/")
_FILES = [("django.contrib.admin", "static"), ("ninja", "static"), ("trivet_wallet.entrypoints.staff", "static")]
_REQUESTS_MAX = 100  # a few people, a page and its files each; the pages are made one after the other
_log = structlog.get_logger("trivet.server")


class _Handler(ASGIHandler):
    """Django's handler, which tells the metrics which route served a request."""

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        response: HttpResponseBase = await super().get_response_async(request)
        name_route(request)
        return response


def create_pages(wallet: Wallet, health: Health) -> ASGIApp:
    """Return the whole application of a process."""
    files = Mount("/static", StaticFiles(packages=_FILES))  # type: ignore[arg-type]  # a list of pairs is what it takes
    routes = [*health.routes(), metrics_route(wallet.registry), files]
    own = Starlette(routes=routes, exception_handlers=problem_handlers())
    django = _Handler()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_OURS):
            await own(scope, receive, send)
            return
        scope.setdefault("state", {})["teller"] = wallet.teller
        await django(scope, receive, send)  # type: ignore[arg-type]  # one and the same scope, or metrics see no route

    limited = LimitsMiddleware(application)
    shedding = SheddingMiddleware(limited, _REQUESTS_MAX, OPEN_PATHS, MEMBER, wallet.registry)
    return TraceMiddleware(MetricsMiddleware(shedding, MEMBER, wallet.registry), wallet.settings.admin_listen)


def ensure_migrated(wallet: Wallet) -> None:
    """Return if the database has the shape that the pages want.

    Raises:
        WrongDatabase: It has another.
        Unavailable: It cannot be reached, which may pass.
    """
    wallet.confirm()
    executor = MigrationExecutor(connections["default"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise WrongDatabase("the database lacks migrations: run trivet-wallet migrate")
    connections["default"].close()


async def _serve(wallet: Wallet) -> None:
    settings = wallet.settings
    warn_of_settings(unread_variables(), settings.failpoints, settings.lab)

    async def blocker() -> str | None:
        try:
            await asyncio.to_thread(wallet.selectors.ping)
        except Unavailable as error:
            return error.detail
        return None

    try:
        await asyncio.to_thread(ensure_migrated, wallet)
    except Unavailable as error:
        _log.warning("not ready yet", database=error.detail)
    health = Health({"database": blocker})
    _log.info("serving", listen=settings.admin_listen, https=settings.admin_https)
    try:
        await serve_asgi(
            create_pages(wallet, health),
            health,
            Units(),
            listen=settings.admin_listen,
            drain=Drain(settings.drain_delay_ms, settings.drain_timeout_s),
            proxies=proxies(settings),
        )
    finally:
        connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone has one
        _log.info("stopped")


def serve(wallet: Wallet) -> None:
    """Serve the pages until SIGTERM or SIGINT.

    Raises:
        SettingsError: Django's checks of a deployment find fault.
        WrongDatabase: The database is there and is not what the pages want.
    """
    configure_logs(MEMBER, wallet.settings.admin_listen, wallet.settings.log_level)
    ensure_deployable()
    run_server(_serve(wallet))
