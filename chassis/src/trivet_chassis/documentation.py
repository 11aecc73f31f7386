"""Parts of an OpenAPI document that every service's has: the headers of an answer, and a problem for every refusal.

They are plain data, so that a service puts them into its document by whatever framework makes the rest of it.
"""

from __future__ import annotations

from typing import Any

from .problems import MEDIA_TYPE, PROBLEMS

Responses = dict[int | str, dict[str, Any]]

ANSWER_HEADERS: dict[str, Any] = {
    "traceparent": {"description": "W3C Trace Context of this answer.", "schema": {"type": "string"}},
    "x-trivet-node": {"description": "The replica that answered, host:port.", "schema": {"type": "string"}},
}
"""What every answer carries."""

REPLAYED_HEADER: dict[str, Any] = {
    "idempotency-replayed": {
        "description": "`true` if an earlier request with this key was told the same.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
"""What an answer carries that was stored under a key."""

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "A refusal (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "definite": {"type": "boolean", "description": "Whether the request certainly had no effect."},
        "retryable": {
            "type": "boolean",
            "description": "Whether the same request with the same Idempotency-Key may be sent again.",
        },
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "required": ["type", "title", "status", "detail", "code", "definite", "retryable", "trace_id"],
    "additionalProperties": True,
}
"""The document's ``#/components/schemas/Problem``, to which ``refuses`` refers."""

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_RETRY_AFTER = {"retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {
    "www-authenticate": {"description": "What is wrong with the token (RFC 6750 §3).", "schema": {"type": "string"}}
}
_ALLOW = {"allow": {"description": "The methods that are served here.", "schema": {"type": "string"}}}


def refuses(*codes: str) -> Responses:
    """Return the documentation of refusals; codes of one status share a response, with an example each."""
    documented: Responses = {}
    for code in codes:
        kind = PROBLEMS[code]
        response = documented.setdefault(
            kind.status,
            {
                "description": "",
                "headers": dict(ANSWER_HEADERS),
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        response["description"] = "; ".join(filter(None, (response["description"], kind.title)))
        if kind.stored:
            response["headers"] |= REPLAYED_HEADER
        if kind.retry_after:
            response["headers"] |= _RETRY_AFTER
        if code in {"unauthenticated", "forbidden"}:
            response["headers"] |= _CHALLENGE
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
