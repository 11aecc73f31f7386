"""Which answers settle an operation for good, as the contract (contracts/problems.json) marks them."""

from __future__ import annotations

STORED = frozenset(
    {
        "insufficient-funds",
        "out-of-stock",
        "already-held",
        "already-exists",
        "too-late",
        "hold-expired",
        "hold-released",
        "already-captured",
        "charge-voided",
        "refund-exceeds-capture",
    }
)
"""Codes that the effect itself decided: kept under the key and replayed, so they settle an operation for good."""
