"""The whole ASGI application of a process: health and metrics beside Django, inside the chassis' middlewares."""

from __future__ import annotations

from io import BytesIO

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from trivet_chassis import (
    OPEN_PATHS,
    Health,
    InvalidRequest,
    LimitsMiddleware,
    MethodNotAllowed,
    MetricsMiddleware,
    SheddingMiddleware,
    TraceMiddleware,
    metrics_route,
    problem_handlers,
)
from trivet_wallet.bootstrap import Wallet
from trivet_wallet.entrypoints.boundary import name_route, refused
from trivet_wallet.entrypoints.desk import Desk
from trivet_wallet.settings import MEMBER

_OURS = frozenset({"/livez", "/readyz", "/metrics"})


class _Handler(BaseHandler):
    """Django's handler of requests on the event loop, without the thread that its ASGI handler starts for each.

    That thread is for views and hooks that block. Here nothing on this side of the desk does: no connection outlives
    its transaction, so the hooks that look at the database at a request's beginning and end have nothing to see.
    """

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=True)
        get_resolver().url_patterns  # noqa: B018  - loads the routes now, which would else be the first request's to do

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, whose body is one message by the middleware before it."""
        body = (await receive()).get("body", b"")
        try:
            request = ASGIRequest(scope, BytesIO(body))
        except UnicodeDecodeError:
            response: HttpResponseBase = refused(InvalidRequest("the path is not UTF-8"))
        else:
            response = await self._respond(request)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": response.getvalue()})

    async def _respond(self, request: ASGIRequest) -> HttpResponseBase:
        """Answer; what Django's router refuses by itself is told as a problem."""
        response: HttpResponseBase = await self.get_response_async(request)
        name_route(request)
        if response.status_code == 405 and response.headers.get("Allow"):
            allowed = ", ".join(sorted(word.strip() for word in response.headers["Allow"].split(",")))
            detail = f"{request.method} is not served at {request.path}"
            return refused(MethodNotAllowed(detail, headers={"allow": allowed}))
        return response


def create_service(wallet: Wallet, desk: Desk, health: Health) -> ASGIApp:
    """Return the whole application of a process."""
    own = Starlette(routes=[*health.routes(), metrics_route(wallet.registry)], exception_handlers=problem_handlers())
    django = _Handler()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in _OURS:
            await own(scope, receive, send)
            return
        scope.setdefault("state", {})["desk"] = desk
        await django(scope, receive, send)

    guarded = wallet.gate.before(LimitsMiddleware(application))
    shedding = SheddingMiddleware(guarded, wallet.settings.requests_max, OPEN_PATHS, MEMBER, wallet.registry)
    return TraceMiddleware(MetricsMiddleware(shedding, MEMBER, wallet.registry), wallet.settings.listen)
