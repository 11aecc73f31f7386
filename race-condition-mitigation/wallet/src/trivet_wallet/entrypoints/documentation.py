"""The OpenAPI document as Ninja makes it, with the chassis' refusals and headers, and the key that each route takes."""

from __future__ import annotations

from typing import Any, Literal

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
    refuses,
)

_WRITES = ("invalid-request", "request-in-flight", "payload-too-large", "unsupported-media-type", "lock-busy")
_LOAD = ("queue-full", "internal", "unavailable")
Key = Literal["must", "may", "no"]


def moves(
    operation_id: str, summary: str, status: int, model: type[BaseModel], *refusals: str, key: Key = "must"
) -> dict[str, Any]:
    """Return what Ninja is told of a route that moves money: its answer, its refusals and whether it takes a key."""
    headers = ANSWER_HEADERS | ({} if key == "no" else REPLAYED_HEADER)
    keyed = () if key == "no" else ("idempotency-key-reuse",)
    responses = {status: {"description": summary, "headers": headers}}
    responses |= refuses(*_WRITES, *refusals, *keyed, *_LOAD)  # type: ignore[arg-type]  # statuses are numbers here
    parameters = [] if key == "no" else [_key(required=key == "must")]
    return {
        "operation_id": operation_id,
        "summary": summary,
        "response": {status: model},
        "openapi_extra": {"responses": responses, "parameters": parameters},
    }


def reads(operation_id: str, summary: str, model: type[BaseModel], *refusals: str) -> dict[str, Any]:
    """Return what Ninja is told of a route that reads."""
    responses = {200: {"description": summary, "headers": ANSWER_HEADERS}}
    responses |= refuses("invalid-request", *refusals, *_LOAD)  # type: ignore[arg-type]  # statuses are numbers here
    return {
        "operation_id": operation_id,
        "summary": summary,
        "response": {200: model},
        "openapi_extra": {"responses": responses},
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
    del document["servers"]
    return document


def _operations(path: str, methods: dict[str, Any]) -> dict[str, Any]:
    for operation in methods.values():
        operation["tags"] = [path.split("/")[1]]
        operation["responses"] = {str(status): said for status, said in operation["responses"].items()}
        if not operation["parameters"]:
            del operation["parameters"]
    return methods
