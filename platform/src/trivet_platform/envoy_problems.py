"""What the edge says itself, as ``application/problem+json``: the same shape that every service answers with.

Before a service answers, nothing may be routed there, the request may be no HTTP, too large, too slow or one too many,
or no answer comes. Only the last is *indefinite*: the service may have acted on a request whose answer was lost, so
its caller repeats it with the same idempotency key. A request goes to a service when it is whole (``envoy_limits.py``),
so one that was refused for its size or its slowness never reached any. Who says that they speak gRPC is answered in
gRPC, which is Envoy's way: no service here does.
"""

from __future__ import annotations

import dataclasses
from typing import Any

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:trivet:problem:"
TRACE_NAMESPACE = "trivet"
_RETRY_AFTER_S = 1


@dataclasses.dataclass(frozen=True)
class EdgeProblem:
    """One problem that the edge itself reports."""

    code: str
    status: int
    title: str
    definite: bool
    retryable: bool
    detail: str


NOT_FOUND = EdgeProblem(
    "not-found", 404, "Not found", definite=True, retryable=False, detail="no service is routed here"
)
INVALID = EdgeProblem(
    "invalid-request",
    400,
    "The request is malformed",
    definite=True,
    retryable=False,
    detail="the edge refused it: %RESPONSE_CODE_DETAILS%",
)
UNAVAILABLE = EdgeProblem(
    "unavailable",
    503,
    "A dependency is down",
    definite=False,
    retryable=True,
    detail="no answer from the service: %RESPONSE_CODE_DETAILS%",
)
TOO_LARGE = EdgeProblem(
    "payload-too-large",
    413,
    "The body is too large",
    definite=True,
    retryable=False,
    detail="the edge takes no body of that size",
)
RATE_LIMITED = EdgeProblem(
    "rate-limited",
    429,
    "Rate limited",
    definite=True,
    retryable=True,
    detail="too many requests of one subject or address: wait, and ask again",
)
EDGE_PROBLEMS = (NOT_FOUND, INVALID, TOO_LARGE, RATE_LIMITED, UNAVAILABLE)


def local_replies() -> dict[str, Any]:
    """Return the connection manager's ``local_reply_config``: every answer that Envoy makes is one of these.

    A 408 is told to who sent too slowly, and also when a service had the request and nobody said anything for long.
    """
    idle = {"response_flag_filter": {"flags": ["SI"]}}
    lost = {"or_filter": {"filters": [_status("GE", 500), idle]}}
    return {
        "mappers": [
            _mapper(_status("EQ", 404), NOT_FOUND),
            _mapper(_status("EQ", 413), TOO_LARGE),
            _mapper(_status("EQ", 429), RATE_LIMITED),
            _mapper(lost, UNAVAILABLE),
            _mapper(_status("GE", 400), INVALID),
        ]
    }


def trace_filter() -> dict[str, Any]:
    """Return the filter that keeps the request's trace id for problems: traceparent's, else Envoy's request id."""

    def rule(header: str, pattern: str, substitution: str) -> dict[str, Any]:
        rewrite = {"pattern": {"regex": pattern}, "substitution": substitution}
        value = {"metadata_namespace": TRACE_NAMESPACE, "key": "trace_id", "regex_value_rewrite": rewrite}
        return {"header": header, "on_header_present": value, "remove": False}

    return {
        "name": "trace",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
            "request_rules": [
                rule("x-request-id", "^(.{8})-(.{4})-(.{4})-(.{4})-(.{12})$", r"\1\2\3\4\5"),
                rule("traceparent", "^[0-9a-f]{2}-([0-9a-f]{32})-.*$", r"\1"),
            ],
        },
    }


def _status(comparison: str, value: int) -> dict[str, Any]:
    compared = {"op": comparison, "value": {"default_value": value, "runtime_key": f"trivet.{comparison}.{value}"}}
    return {"status_code_filter": {"comparison": compared}}


def _mapper(when: dict[str, Any], problem: EdgeProblem) -> dict[str, Any]:
    body = {
        "type": f"{TYPE_PREFIX}{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "definite": problem.definite,
        "retryable": problem.retryable,
        "trace_id": f"%DYNAMIC_METADATA({TRACE_NAMESPACE}:trace_id)%",
    }
    mapper: dict[str, Any] = {
        "filter": when,
        "status_code": problem.status,
        "body_format_override": {"json_format": body, "content_type": MEDIA_TYPE},
    }
    if problem.retryable:
        mapper["headers_to_add"] = [{"header": {"key": "retry-after", "value": str(_RETRY_AFTER_S)}}]
    return mapper
