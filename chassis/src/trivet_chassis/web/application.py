"""A FastAPI application as every service has it: strict, and with problems in place of FastAPI's own errors."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from fastapi import APIRouter, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError

from trivet_chassis.answers import JSON, Answer
from trivet_chassis.errors import InvalidRequest, ServiceError, UnsupportedMediaType
from trivet_chassis.idempotency import KEY_CHARACTERS_MAX, KEY_DESCRIPTION, KEY_HEADER, KEY_PATTERN
from trivet_chassis.rendering import problem_handlers, problem_response
from trivet_chassis.strict_json import is_json
from trivet_chassis.tokens import current_principal
from trivet_chassis.units import Units

KEY_FIELD = Header(
    alias=KEY_HEADER,
    min_length=1,
    max_length=KEY_CHARACTERS_MAX,
    pattern=KEY_PATTERN,
    description=KEY_DESCRIPTION,
    examples=["order-1-line-1"],
)
"""An operation's Idempotency-Key, as its document tells of it; of two the framework shows one, read_key finds both."""


async def current_subject() -> str:
    """Return who asks."""
    return current_principal().subject


async def answered(request: Request, work: Coroutine[Any, Any, Answer]) -> Response:
    """Do the work to its end, whatever becomes of the request, and return its answer."""
    units: Units = request.app.state.units
    answer = await units.run(work)
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def make_application(title: str, summary: str, *routers: APIRouter) -> FastAPI:
    """Return the routes as an application without anything behind them, which is enough for its document."""
    app = FastAPI(
        title=title,
        summary=summary,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={**problem_handlers(), RequestValidationError: _on_invalid},
    )
    # The routes themselves, not a router within a router: metrics and Allow then see each route's path and methods.
    for router in routers:
        app.router.routes.extend(router.routes)
    return app


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    """Tell every fault of a request; a body that never said it is JSON is told that instead."""
    if error.body is not None and not is_json(request.headers.get("content-type", "")):
        refused: ServiceError = UnsupportedMediaType(f"the body must be {JSON}")
    else:
        refused = InvalidRequest.of_faults((fault["loc"], fault["msg"]) for fault in error.errors())
    return problem_response(refused)
