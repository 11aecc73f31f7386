"""Errors as ``application/problem+json`` (RFC 9457), and those of the framework with them.

Not one answer of a service has another error format: 404 and 405 of the router, 400 of the parser and 500 of a
defect go through here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from .errors import (
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    ServiceError,
    Unavailable,
    UnsupportedMediaType,
)
from .problems import MEDIA_TYPE
from .trace import current_trace_id

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]
_log = structlog.get_logger("trivet.errors")


def problem_body(error: ServiceError, trace_id: str) -> bytes:
    """Return the problem's JSON; equal errors under one trace id are equal bytes."""
    kind = error.kind
    problem = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail,
        "code": kind.code,
        "definite": error.definite,
        "retryable": error.retryable,
        "trace_id": trace_id,
    }
    return msgspec.json.encode(problem | {k: v for k, v in error.members.items() if k not in problem})


def problem_headers(error: ServiceError) -> dict[str, str]:
    """Return the headers that an error asks for: Retry-After where the table says so, and its own."""
    if error.retry_after_s is None:
        return error.headers
    return {**error.headers, "retry-after": str(error.retry_after_s)}


def problem_response(error: ServiceError, trace_id: str | None = None) -> Response:
    """Return the response of an error, under the current trace unless another is given."""
    return Response(
        problem_body(error, trace_id or current_trace_id()),
        status_code=error.kind.status,
        headers=problem_headers(error),
        media_type=MEDIA_TYPE,
    )


def allowed_methods(routes: Iterable[BaseRoute], scope: Mapping[str, Any]) -> list[str]:
    """Return every method that some route serves at this path, sorted.

    The router's own 405 names the methods of the first route that matched the path; RFC 9110 wants all.
    """
    found: set[str] = set()
    for route in routes:
        match, _ = route.matches(dict(scope))
        if match is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found)


async def _on_service_error(_: Request, error: ServiceError) -> Response:
    if error.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("refused", code=error.code, detail=error.detail, definite=error.definite)
    return problem_response(error)


_BY_STATUS: Mapping[int, Callable[[str], ServiceError]] = {
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    503: lambda detail: Unavailable(detail, definite=True),
}


def _translate(request: Request, error: HTTPException) -> ServiceError:
    """Return the framework's own refusal as ours; one that wraps an error of ours is that error."""
    if isinstance(error.__cause__, ServiceError):
        return error.__cause__
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(f"nothing is served at {request.url.path}")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(allowed_methods(request.app.routes, request.scope))
        detail = f"{request.method} is not served at {request.url.path}"
        return MethodNotAllowed(detail, headers={"allow": allowed})
    fallback = InvalidRequest if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else Internal
    return _BY_STATUS.get(error.status_code, fallback)(str(error.detail))


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    return problem_response(_translate(request, error))


async def _on_defect(_: Request, error: Exception) -> Response:
    _log.error("defect", exc_info=error)
    return problem_response(Internal("the service failed in a way that it does not know"))


def problem_handlers() -> dict[Any, Handler]:
    """Return the handlers to pass to a Starlette or FastAPI application as ``exception_handlers``."""
    return {ServiceError: _on_service_error, HTTPException: _on_http_exception, Exception: _on_defect}
