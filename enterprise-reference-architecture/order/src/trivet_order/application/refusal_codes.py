"""Why something was refused, in the words that a customer may be told: stable codes, and nothing else.

What a participant says beside its code, and what an exception says, is for operators: it may name an address, a host or
a defect of an inner service. So the code goes before the words, and a customer is told the code alone, if it is one of
these.
"""

from __future__ import annotations

REFUSAL_CODES = frozenset(
    {
        "already-captured",
        "already-exists",
        "already-held",
        "charge-voided",
        "forbidden",
        "hold-expired",
        "hold-released",
        "idempotency-key-reuse",
        "insufficient-funds",
        "invalid-request",
        "not-found",
        "out-of-stock",
        "payload-too-large",
        "refund-exceeds-capture",
        "too-late",
    }
)
"""Codes of contracts/problems.json that decide about an order, and not about the way to whoever was asked."""
_BEHIND_A_CODE = ": "


def refused_with(code: str, reason: str) -> str:
    """Return what an operator is told of a refusal; its code goes first."""
    return f"{code}{_BEHIND_A_CODE}{reason}" if reason else code


def code_of(detail: str | None) -> str | None:
    """Return the code that a detail begins with; None if it is none that a customer may be told."""
    if detail is None:
        return None
    code = detail.partition(_BEHIND_A_CODE)[0]
    return code if code in REFUSAL_CODES else None
