"""The problems that a service may answer with, equal to ``contracts/problems.json`` (a test compares).

``definite`` says whether the attempt *certainly had no effect*. ``None`` means that each instance says so itself,
because one code covers both "the transaction never reached COMMIT" and "its COMMIT was cut off".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:trivet:problem:"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the table of outcomes.

    ``stored``: decided by the effect, so kept under the idempotency key and replayed. ``retry_after``: the answer
    carries a Retry-After header in seconds. ``retryable``: the same request and key may be sent again.
    """

    code: str
    status: int
    title: str
    definite: bool | None
    retryable: bool
    stored: bool = False
    retry_after: bool = False

    @property
    def type(self) -> str:
        """The URN that stands in the problem's ``type``."""
        return TYPE_PREFIX + self.code


def _refusal(code: str, status: int, title: str) -> ProblemKind:
    """Refused before anything happened; the same request would be refused again."""
    return ProblemKind(code, status, title, definite=True, retryable=False)


def _decision(code: str, status: int, title: str) -> ProblemKind:
    """Decided by the effect, so it is stored and replayed like a success."""
    return ProblemKind(code, status, title, definite=True, retryable=False, stored=True)


def _busy(code: str, title: str) -> ProblemKind:
    """Turned away before the effect; worth another try a little later."""
    return ProblemKind(code, 429, title, definite=True, retryable=True, retry_after=True)


def _down(code: str, title: str) -> ProblemKind:
    """Something that the service needs is missing; each instance says whether the effect is excluded."""
    return ProblemKind(code, 503, title, definite=None, retryable=True, retry_after=True)


_KINDS = (
    _refusal("invalid-request", 400, "The request is malformed"),
    _refusal("unauthenticated", 401, "No valid access token"),
    _decision("insufficient-funds", 402, "Not enough money"),
    _refusal("forbidden", 403, "Not allowed"),
    _refusal("not-found", 404, "Not found"),
    _refusal("method-not-allowed", 405, "Method not allowed"),
    _decision("out-of-stock", 409, "Out of Stock"),
    _decision("already-held", 409, "Already held"),
    _decision("already-exists", 409, "Already exists"),
    ProblemKind(
        "request-in-flight",
        409,
        "A request with this key is in flight",
        definite=False,
        retryable=True,
        retry_after=True,
    ),
    _decision("too-late", 409, "Too late"),
    _decision("hold-expired", 409, "The hold has expired"),
    _decision("hold-released", 409, "The hold was released"),
    _decision("already-captured", 409, "Already captured"),
    _decision("charge-voided", 409, "The charge was voided"),
    _decision("refund-exceeds-capture", 409, "More than was captured"),
    _refusal("payload-too-large", 413, "The body is too large"),
    _refusal("unsupported-media-type", 415, "Not JSON"),
    _refusal("idempotency-key-reuse", 422, "This key was used with another payload"),
    _busy("lock-busy", "Too Many Requests"),
    _busy("queue-full", "The queue is full"),
    _busy("rate-limited", "Rate limited"),
    ProblemKind("internal", 500, "A defect; the outcome is unknown", definite=False, retryable=True),
    _down("writes-fenced", "Writes are fenced"),
    _down("unavailable", "A dependency is down"),
)

PROBLEMS: Mapping[str, ProblemKind] = MappingProxyType({kind.code: kind for kind in _KINDS})
