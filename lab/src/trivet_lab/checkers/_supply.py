"""What was there before the crowd came, as the plan of a crowd that spends says it."""

from __future__ import annotations

import msgspec

from trivet_lab.checkers._evidence import Evidence


class Opening(msgspec.Struct, frozen=True):
    """An account that the scenario opened, and what it deposited there; both under ``key``."""

    id: str
    kind: str
    opening_minor: int
    key: str


class _Spending(msgspec.Struct, frozen=True):
    accounts: list[Opening]
    impostors: list[Opening] = []


def openings(evidence: Evidence) -> dict[str, Opening]:
    """Return every account that the plan opens, by the key under which it does.

    Raises:
        EvidenceError: ``plan.json`` is missing or damaged.
    """
    errand = evidence.errand(_Spending, "nobody says what was there before the crowd came")
    return {opening.key: opening for opening in (*errand.accounts, *errand.impostors)}
