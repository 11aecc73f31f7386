"""What a service refuses with: every error that may reach the wire is a :class:`ServiceError`.

A leaf sets ``code``; status, title and the promises behind them come from the table in ``problems.py``, so that an
error cannot promise something else than its code does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from .problems import PROBLEMS, ProblemKind

RETRY_AFTER_S = 1
"""What Retry-After says where the table asks for one and the error names no better figure, seconds."""


class ServiceError(Exception):
    """A refusal with a stable code; ``definite`` says whether the effect certainly did not happen.

    Args:
        detail: One sentence for a person: what happened to *this* request.
        definite: Required where the table leaves it to the instance, forbidden to contradict it elsewhere.
        retry_after_s: Seconds for Retry-After; only where the table has one.
        headers: Further response headers, e.g. Allow.
        **members: Extension members of the problem.

    Raises:
        ValueError: The arguments contradict the table.
    """

    code: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        definite: bool | None = None,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        kind = PROBLEMS[self.code]
        self.kind: ProblemKind = kind
        self.detail = detail
        self.definite = _agreed(kind, said=definite)
        self.retryable = kind.retryable
        if retry_after_s is not None and not kind.retry_after:
            raise ValueError(f"{kind.code} carries no Retry-After")
        self.retry_after_s = (retry_after_s or RETRY_AFTER_S) if kind.retry_after else None
        self.headers = dict(headers or {})
        self.members = members


def _agreed(kind: ProblemKind, *, said: bool | None) -> bool:
    """Return the instance's ``definite``, which may vary only where the table leaves it open."""
    if kind.definite is None:
        if said is None:
            raise ValueError(f"{kind.code} does not say by itself whether it is definite: the instance must")
        return said
    if said is not None and said is not kind.definite:
        raise ValueError(f"{kind.code} is always definite={kind.definite}")
    return kind.definite


class InvalidRequest(ServiceError):
    """The request is malformed; ``errors`` lists every fault as ``{"field", "message"}``."""

    code = "invalid-request"

    @classmethod
    def of_faults(cls, faults: Iterable[tuple[Sequence[str | int], str]]) -> InvalidRequest:
        """Return the refusal of every fault at once, each the path to a field and what is wrong there."""
        errors = [{"field": ".".join(map(str, path)), "message": message} for path, message in faults]
        return cls("; ".join(f"{fault['field']}: {fault['message']}" for fault in errors), errors=errors)


class Unauthenticated(ServiceError):
    """Nobody knows who asks: there is no valid access token (RFC 6750 §3)."""

    code = "unauthenticated"

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Say what is wrong with the token; without ``headers`` the challenge is that of a token that was refused."""
        super().__init__(detail, headers=headers or {"www-authenticate": 'Bearer error="invalid_token"'})


class Forbidden(ServiceError):
    """Who asks may not do this, whatever it is about."""

    code = "forbidden"


class NotFound(ServiceError):
    """What the request names does not exist."""

    code = "not-found"


class MethodNotAllowed(ServiceError):
    """The path exists, the method does not; the Allow header lists those that do."""

    code = "method-not-allowed"


class PayloadTooLarge(ServiceError):
    """The body is longer than the service reads."""

    code = "payload-too-large"


class UnsupportedMediaType(ServiceError):
    """The body does not say that it is JSON."""

    code = "unsupported-media-type"


class AlreadyExists(ServiceError):
    """What the request would make is there already."""

    code = "already-exists"


class RequestInFlight(ServiceError):
    """Another request with this key has not ended; what *that one* does is unknown."""

    code = "request-in-flight"


class KeyReused(ServiceError):
    """The key belongs to a request with another payload."""

    code = "idempotency-key-reuse"


class QueueIsFull(ServiceError):
    """As many wait as may wait, so this one does not: nothing happened."""

    code = "queue-full"


class Unavailable(ServiceError):
    """A dependency did not answer; ``definite`` is False once a COMMIT may have been sent."""

    code = "unavailable"


class Internal(ServiceError):
    """A defect of the service: it does not know what happened, so the outcome is unknown."""

    code = "internal"


class WrongDatabase(Exception):
    """The database was not migrated for what is to use it; not for a caller, but for an operator."""
