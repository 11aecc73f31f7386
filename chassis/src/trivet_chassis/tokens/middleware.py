"""Lets nobody in without a token, save where everybody may ask."""

from __future__ import annotations

import contextvars
from collections.abc import Collection
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trivet_chassis.errors import ServiceError, Unauthenticated
from trivet_chassis.rendering import problem_response

from .auditing import tell_refusal
from .principal import Anybody, Principal
from .verifier import Verifier

_current: contextvars.ContextVar[Principal] = contextvars.ContextVar("trivet_principal")
_CHALLENGE = {"www-authenticate": "Bearer"}


def current_principal() -> Principal:
    """Return who asks in the request that is being served.

    Raises:
        LookupError: Nobody was verified: the route is one that everybody may ask, or no request is being served.
    """
    return _current.get()


class TokenMiddleware:
    """Verifies the token of every request but those of ``open_paths``, before anything of its body is read.

    A route that nobody thought of is closed: what it does not serve is refused before it is looked for, so that nobody
    without a token learns which paths there are.
    """

    def __init__(self, app: ASGIApp, verifier: Verifier, open_paths: Collection[str]) -> None:
        self._app = app
        self._verifier = verifier
        self._open = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request for whom it is from."""
        if scope["type"] != "http" or scope["path"] in self._open:
            await self._app(scope, receive, send)
            return
        try:
            token = _token(scope)
            principal = self._verifier.remembered(token) or await self._verifier.verify(token)
        except ServiceError as error:
            tell_refusal(scope, None, error.kind.status, error.code)
            response = problem_response(error)
            response.headers["connection"] = "close"  # what follows on it may be a body that nobody reads
            await response(scope, receive, send)
            return
        await _serve_for(principal, self._app, scope, receive, send)


class AnybodyMiddleware:
    """Takes everybody for the same, who may do everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._anybody = Anybody()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await _serve_for(self._anybody, self._app, scope, receive, send)


async def _serve_for(principal: Principal, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request for whom it is from; what they may not do is told to the audit log."""

    async def send_told(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.FORBIDDEN:
            tell_refusal(scope, principal, message["status"], "forbidden")
        await send(message)

    position = _current.set(principal)
    try:
        await app(scope, receive, send_told)
    finally:
        _current.reset(position)


def _token(scope: Scope) -> bytes:
    """Return the one token of a request, which comes in its ``Authorization`` alone (RFC 6750 §2.1)."""
    given: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        raise Unauthenticated("there is no access token: send Authorization: Bearer …", headers=_CHALLENGE)
    if len(given) > 1:
        raise Unauthenticated("there are two Authorization headers")
    scheme, _, token = given[0].partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise Unauthenticated("Authorization is no Bearer token", headers=_CHALLENGE)
    return token.strip()
