"""The OpenAPI document: every status with its problem, every header, an example of each."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from trivet_chassis import MEDIA_TYPE, PROBLEMS
from trivet_inventory.entrypoints.wire import Problem

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_ANY_HEADERS = {
    "traceparent": {"description": "W3C Trace Context of this answer.", "schema": {"type": "string"}},
    "x-trivet-node": {"description": "The replica that answered, host:port.", "schema": {"type": "string"}},
}
_REPLAYED = {
    "idempotency-replayed": {
        "description": "`true` if an earlier request with this key was told the same.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_RETRY_AFTER = {"retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_ALLOW = {"allow": {"description": "The methods that are served here.", "schema": {"type": "string"}}}

Responses = dict[int | str, dict[str, Any]]


def answers(status: int, model: type[BaseModel], description: str, *, keyed: bool = False) -> Responses:
    """Return the documentation of a success."""
    headers = _ANY_HEADERS | (_REPLAYED if keyed else {})
    return {status: {"model": model, "description": description, "headers": headers}}


def refuses(*codes: str) -> Responses:
    """Return the documentation of refusals; codes of one status share a response, with an example each."""
    documented: Responses = {}
    for code in codes:
        kind = PROBLEMS[code]
        response = documented.setdefault(
            kind.status,
            {
                "description": "",
                "headers": dict(_ANY_HEADERS),
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        response["description"] = "; ".join(filter(None, (response["description"], kind.title)))
        if kind.stored:
            response["headers"] |= _REPLAYED
        if kind.retry_after:
            response["headers"] |= _RETRY_AFTER
        if code == "method-not-allowed":
            response["headers"] |= _ALLOW
        response["content"][MEDIA_TYPE]["examples"][code] = {
            "value": {
                "type": kind.type,
                "title": kind.title,
                "status": kind.status,
                "detail": "What happened to this request.",
                "code": code,
                "definite": kind.definite is not False,
                "retryable": kind.retryable,
                "trace_id": _TRACE_ID,
            }
        }
    return documented


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application.

    FastAPI adds its own 422 to every operation with parameters; here a malformed request is a 400 and 422 means a
    key that was used with another payload, so the additions go.
    """
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    for path in document["paths"].values():
        for operation in path.values():
            ours = operation["responses"].get("422", {}).get("content", {})
            if "application/json" in ours:
                del operation["responses"]["422"]
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return document
