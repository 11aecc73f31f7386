"""Counts what was sold from the ledger alone: the figures of the table, independent of any checker."""

from __future__ import annotations

from collections import Counter

import msgspec

from trivet_lab.evidence import VariantDirectory


class _Taken(msgspec.Struct):
    show_id: str
    seat_id: str
    state: str


def count_seats(directory: VariantDirectory) -> dict[str, int]:
    """Return ``sold`` and ``oversold``: how often a seat was sold, and how often one that was sold already.

    Nothing if the ledger is missing or damaged: a figure of half a ledger would be a wrong one, and what became of the
    evidence is for the checkers to say.
    """
    decode = msgspec.json.Decoder(_Taken).decode
    sold: Counter[tuple[str, str]] = Counter()
    try:
        with directory.ledger("reservation.taken").open("rb") as lines:
            sold.update((row.show_id, row.seat_id) for row in map(decode, lines) if row.state == "sold")
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
    return {"sold": sold.total(), "oversold": sold.total() - len(sold)}
