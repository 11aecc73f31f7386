"""What the control API refuses with: codes of ``contracts/problems.json`` (a test compares), one class a reason."""

from __future__ import annotations

import secrets
from typing import ClassVar, NamedTuple

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:trivet:problem:"


class Kind(NamedTuple):
    """A row of the table of problems."""

    status: int
    title: str
    retryable: bool = False


KINDS = {
    "invalid-request": Kind(400, "The request is malformed"),
    "unauthenticated": Kind(401, "No valid access token"),
    "forbidden": Kind(403, "Not allowed"),
    "not-found": Kind(404, "Not found"),
    "method-not-allowed": Kind(405, "Method not allowed"),
    "already-exists": Kind(409, "Already exists"),
    "payload-too-large": Kind(413, "The body is too large"),
    "unsupported-media-type": Kind(415, "Not JSON"),
    "internal": Kind(500, "A defect; the outcome is unknown", retryable=True),
    "unavailable": Kind(503, "A dependency is down", retryable=True),
}
RETRY_AFTER_S = {"unavailable": 1}


class Problem(Exception):
    """A request that was not carried out; the text is for people.

    ``definite`` says whether it certainly changed nothing.
    """

    code: ClassVar[str] = "internal"
    definite: ClassVar[bool] = True

    def headers(self) -> dict[str, str]:
        """Return what the answer carries beside its body."""
        return {"retry-after": str(RETRY_AFTER_S[self.code])} if self.code in RETRY_AFTER_S else {}


class InvalidRequest(Problem):
    """It means nothing here."""

    code = "invalid-request"


class Unauthenticated(Problem):
    """It does not bring the token."""

    code = "unauthenticated"

    def headers(self) -> dict[str, str]:
        """Name the scheme, as RFC 9110 §11.6.1 asks of every 401."""
        return {"www-authenticate": "Bearer"}


class Forbidden(Problem):
    """It comes from where no honest request comes from."""

    code = "forbidden"


class NotFound(Problem):
    """There is no such path, part or fault."""

    code = "not-found"


class MethodNotAllowed(Problem):
    """The path has other methods."""

    code = "method-not-allowed"


class PartTaken(Problem):
    """Another fault has the part."""

    code = "already-exists"


class PayloadTooLarge(Problem):
    """Nobody asks for so much."""

    code = "payload-too-large"


class NotJson(Problem):
    """A form, or anything else that a page could send without asking."""

    code = "unsupported-media-type"


class PartDown(Problem):
    """The part does not run, so nothing can be broken in it."""

    code = "unavailable"


class NotWell(Problem):
    """The part did not do what it was asked to; what state it is in has to be looked at."""

    code = "unavailable"
    definite = False


class Defect(Problem):
    """The lab's own fault."""

    definite = False


def answer(problem: Problem) -> Response:
    """Return a problem as it goes over the wire."""
    kind = KINDS[problem.code]
    body = {
        "type": TYPE_PREFIX + problem.code,
        "title": kind.title,
        "status": kind.status,
        "detail": str(problem),
        "code": problem.code,
        "definite": problem.definite,
        "retryable": kind.retryable,
        "trace_id": secrets.token_hex(16),
    }
    return Response(msgspec.json.encode(body), kind.status, problem.headers(), MEDIA_TYPE)
