"""What one attempt proves about its operation (design: outcomes; the codes are contracts/problems.json's)."""

from __future__ import annotations

from enum import Enum
from typing import Any

from trivet_lab.evidence import STORED

KEY_REUSED = "idempotency-key-reuse"


class Answer(Enum):
    """The five things an attempt can tell."""

    DONE = "a stored success: it happened, once"
    DECLINED = "a stored refusal: it did not happen and never will under this key"
    BUSY = "this attempt certainly did nothing, and may be repeated"
    REJECTED = "this attempt certainly did nothing, and repeating it is pointless"
    LOST = "this attempt may have had its effect"


def classify(status: int, code: str | None) -> Answer:
    """Return what an attempt with this status and problem code proves.

    ``status`` 0 is an attempt without an answer. A success with a code is one whose body could not be read,
    so it is not known what was bought. A 409 or 402 that is not known to be stored proves nothing: another
    request with this key may be in flight. A key that is another payload's (422) is as good as a stored refusal: that
    payload has the key's effect, and keys of effects are kept. A 408 comes from a proxy that lost its patience, as
    5xx do.
    """
    if 200 <= status < 300:
        return Answer.DONE if code is None else Answer.LOST
    if status in (402, 409):
        return Answer.DECLINED if code in STORED else Answer.LOST
    if status == 422 and code == KEY_REUSED:
        return Answer.DECLINED
    if status == 429:
        return Answer.BUSY
    if 400 <= status < 500 and status != 408:
        return Answer.REJECTED
    return Answer.LOST


def code_of(status: int, value: dict[str, Any] | None) -> str | None:
    """Return the problem's code; ``unreadable`` where a body says nothing, None for a success that can be read."""
    if value is None:
        return "unreadable"
    if 200 <= status < 300:
        return None
    code = value.get("code")
    return code if isinstance(code, str) else "unreadable"
