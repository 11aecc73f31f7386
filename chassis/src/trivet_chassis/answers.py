"""Answers as they go out and as they are stored: status and bytes, so that a replay is identical to the last byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from .errors import ServiceError
from .problems import MEDIA_TYPE
from .rendering import problem_body
from .trace import current_trace_id

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A decided answer; ``replayed`` if an earlier request with the same key was told the same."""

    status: int
    body: bytes
    replayed: bool = False

    @property
    def media_type(self) -> str:
        """Every stored refusal is a problem, everything else plain JSON."""
        return JSON if self.status < 400 else MEDIA_TYPE

    @property
    def headers(self) -> dict[str, str]:
        """What a repeated answer has and the first one has not: the bytes are the same."""
        return {"idempotency-replayed": "true"} if self.replayed else {}


def success(status: int, body: dict[str, Any]) -> Answer:
    """Return a success."""
    return Answer(status, msgspec.json.encode(body))


def refusal(error: ServiceError) -> Answer:
    """Return a refusal that the effect decided (sold out, exists already), to be stored like a success."""
    return Answer(error.kind.status, problem_body(error, current_trace_id()))
