"""The OpenAPI document as Ninja makes it, with the chassis' refusals and headers, and the key that each route takes."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import NinjaAPI
from pydantic import BaseModel

from trivet_chassis import (
    ANSWER_HEADERS,
    KEY_CHARACTERS_MAX,
    KEY_DESCRIPTION,
    KEY_HEADER,
    KEY_PATTERN,
    PROBLEM_SCHEMA,
    REPLAYED_HEADER,
    SECURITY_SCHEMES,
    Principal,
    current_principal,
    ensure_granted,
    refuses,
    requires,
)

_GUARDED = ("unauthenticated", "forbidden")
_WRITES = (
    *_GUARDED,
    "invalid-request",
    "request-in-flight",
    "payload-too-large",
    "unsupported-media-type",
    "lock-busy",
)
_LOAD = ("queue-full", "internal", "unavailable")
Key = Literal["must", "may", "no"]


class Granted:
    """Lets in who was granted a scope: what Ninja asks before it looks at a body."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def __call__(self, request: HttpRequest) -> Principal:
        """Return who asks.

        Raises:
            Forbidden: They may not.
        """
        del request
        principal = current_principal()
        ensure_granted(principal, self._scope)
        return principal


def moves(
    operation_id: str, summary: str, scope: str, status: int, model: type[BaseModel], *refusals: str, key: Key = "must"
) -> dict[str, Any]:
    """Return what Ninja is told of a route that moves money: who may, how it answers, whether it has a key."""
    headers = ANSWER_HEADERS | ({} if key == "no" else REPLAYED_HEADER)
    keyed = () if key == "no" else ("idempotency-key-reuse",)
    responses = {status: {"description": summary, "headers": headers}}
    responses |= refuses(*_WRITES, *refusals, *keyed, *_LOAD)  # type: ignore[arg-type]  # statuses are numbers here
    parameters = [] if key == "no" else [_key(required=key == "must")]
    return {
        "operation_id": operation_id,
        "summary": summary,
        "response": {status: model},
        "auth": Granted(scope),
        "openapi_extra": {"responses": responses, "parameters": parameters} | requires(scope),
    }


def reads(operation_id: str, summary: str, scope: str, model: type[BaseModel], *refusals: str) -> dict[str, Any]:
    """Return what Ninja is told of a route that reads: who may, its answer and its refusals."""
    responses = {200: {"description": summary, "headers": ANSWER_HEADERS}}
    responses |= refuses(*_GUARDED, "invalid-request", *refusals, *_LOAD)  # type: ignore[arg-type]  # statuses are numbers here
    return {
        "operation_id": operation_id,
        "summary": summary,
        "response": {200: model},
        "auth": Granted(scope),
        "openapi_extra": {"responses": responses} | requires(scope),
    }


def _key(*, required: bool) -> dict[str, Any]:
    return {
        "name": KEY_HEADER,
        "in": "header",
        "required": required,
        "description": KEY_DESCRIPTION,
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX, "pattern": KEY_PATTERN},
        "example": "order-1-line-1",
    }


def describe(api: NinjaAPI) -> dict[str, Any]:
    """Return the document of an API, every status a string as JSON has it."""
    document: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    document["paths"] = {path: _operations(path, methods) for path, methods in document["paths"].items()}
    document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    del document["servers"]
    return document


def _operations(path: str, methods: dict[str, Any]) -> dict[str, Any]:
    for operation in methods.values():
        operation["tags"] = [path.split("/")[1]]
        operation["responses"] = {str(status): said for status, said in operation["responses"].items()}
        if not operation["parameters"]:
            del operation["parameters"]
    return methods
