"""The OpenAPI document as FastAPI makes it, with the chassis' refusals in place of FastAPI's own."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from trivet_chassis.documentation import ANSWER_HEADERS, PROBLEM_SCHEMA, REPLAYED_HEADER, Responses
from trivet_chassis.tokens import SECURITY_SCHEMES


def answers(status: int, model: type[BaseModel], description: str, *, keyed: bool = False) -> Responses:
    """Return the documentation of a success."""
    headers = ANSWER_HEADERS | (REPLAYED_HEADER if keyed else {})
    return {status: {"model": model, "description": description, "headers": headers}}


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
    schemas["Problem"] = PROBLEM_SCHEMA
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    return document
