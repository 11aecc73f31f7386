"""Where Django and Ninja meet the chassis: strict JSON in, problems out, and no answer in any other format."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from trivet_chassis import (
    JSON,
    MEDIA_TYPE,
    Answer,
    Internal,
    InvalidRequest,
    NotFound,
    ServiceError,
    UnsupportedMediaType,
    current_trace_id,
    is_json,
    problem_body,
    problem_headers,
    read_json,
)

_REPLAYED = {"idempotency-replayed": "true"}
_log = structlog.get_logger("trivet.errors")


class StrictParser(Parser):
    """Reads bodies as every Trivet service does."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body, parsed.

        Raises:
            UnsupportedMediaType: It does not say that it is JSON.
            InvalidRequest: It is no strict JSON.
        """
        if request.body and not is_json(request.headers.get("content-type", "")):
            raise UnsupportedMediaType(f"the body must be {JSON}")
        return read_json(request.body)


def answered(answer: Answer) -> HttpResponse:
    """Return an answer as Django sends it."""
    headers = {"content-length": str(len(answer.body)), **(_REPLAYED if answer.replayed else {})}
    return HttpResponse(answer.body, status=answer.status, content_type=answer.media_type, headers=headers)


def refused(error: ServiceError) -> HttpResponse:
    """Return a refusal as Django sends it."""
    if error.kind.status >= 500:
        _log.warning("refused", code=error.code, detail=error.detail, definite=error.definite)
    body = problem_body(error, current_trace_id())
    headers = {"content-length": str(len(body)), **problem_headers(error)}
    return HttpResponse(body, status=error.kind.status, content_type=MEDIA_TYPE, headers=headers)


def add_handlers(api: NinjaAPI) -> None:
    """Let an API tell every error as a problem."""

    @api.exception_handler(ServiceError)
    def on_service_error(_: HttpRequest, error: ServiceError) -> HttpResponse:
        return refused(error)

    @api.exception_handler(ValidationError)
    def on_invalid(_: HttpRequest, error: ValidationError) -> HttpResponse:
        return refused(InvalidRequest.of_faults((_path(fault["loc"]), fault["msg"]) for fault in error.errors))

    @api.exception_handler(HttpError)
    def on_http_error(_: HttpRequest, error: HttpError) -> HttpResponse:
        wrapped = error.__cause__ or error.__context__  # what the parser raised
        return refused(wrapped if isinstance(wrapped, ServiceError) else InvalidRequest(str(error)))

    @api.exception_handler(Exception)
    def on_defect(_: HttpRequest, error: Exception) -> HttpResponse:
        _log.error("defect", exc_info=error)
        return refused(Internal("the service failed in a way that it does not know"))


def _path(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return where a fault is as the caller knows it: the handler's parameter between source and field is ours."""
    return (location[0], *location[2:]) if len(location) > 2 else location


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  - Django's interface
    """Refuse a path that nothing serves."""
    return refused(NotFound(f"nothing is served at {request.path}"))


def malformed(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  - the same
    """Refuse what Django itself could not read."""
    return refused(InvalidRequest("the request cannot be read"))


def defect(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  - the same
    """Tell of a defect outside of any route; the trace is in the log."""
    return refused(Internal("the service failed in a way that it does not know"))


def name_route(request: HttpRequest) -> None:
    """Tell the metrics which route serves a request, by its template."""
    match = request.resolver_match
    if match is not None:
        template = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route)
        request.scope["route"] = SimpleNamespace(path=template)  # type: ignore[attr-defined]  # served by ASGI alone
