"""The whole ASGI application of a process: health and metrics beside Django, inside the chassis' middlewares."""

from __future__ import annotations

from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from trivet_chassis import (
    Health,
    LimitsMiddleware,
    MethodNotAllowed,
    MetricsMiddleware,
    TraceMiddleware,
    metrics_route,
    problem_handlers,
)
from trivet_wallet.bootstrap import Wallet
from trivet_wallet.entrypoints.boundary import name_route, refused
from trivet_wallet.entrypoints.desk import Desk
from trivet_wallet.settings import MEMBER

_OURS = frozenset({"/livez", "/readyz", "/metrics"})


class _Handler(ASGIHandler):
    """Django's handler; what its router refuses by itself is told as a problem."""

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        response: HttpResponseBase = await super().get_response_async(request)
        name_route(request)
        if response.status_code == 405 and response.headers.get("Allow"):
            allowed = ", ".join(sorted(word.strip() for word in response.headers["Allow"].split(",")))
            detail = f"{request.method} is not served at {request.path}"
            return refused(MethodNotAllowed(detail, headers={"allow": allowed}))
        return response


def _spare_the_connections() -> None:
    """Let requests begin and end without a look at the database: no connection outlives its transaction here.

    Each of these hooks would cost every request a hop to a thread and back.
    """
    for signal, hook in (
        (request_started, reset_queries),
        (request_started, close_old_connections),
        (request_finished, close_old_connections),
    ):
        signal.disconnect(hook)


def create_service(wallet: Wallet, desk: Desk, health: Health) -> ASGIApp:
    """Return the whole application of a process."""
    _spare_the_connections()
    own = Starlette(routes=[*health.routes(), metrics_route(wallet.registry)], exception_handlers=problem_handlers())
    django = _Handler()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in _OURS:
            await own(scope, receive, send)
            return
        scope.setdefault("state", {})["desk"] = desk
        await django(scope, receive, send)  # type: ignore[arg-type]  # one and the same scope, or metrics see no route

    limited = LimitsMiddleware(application)
    return TraceMiddleware(MetricsMiddleware(limited, MEMBER, wallet.registry), wallet.settings.listen)
