"""What was there before the crowd came, as the plan of a crowd that spends says it."""

from __future__ import annotations

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError


class Opening(msgspec.Struct, frozen=True):
    """An account that the scenario opened, and what it deposited there; both under ``key``."""

    id: str
    kind: str
    opening_minor: int
    key: str


class _Spending(msgspec.Struct, frozen=True):
    accounts: list[Opening]
    impostors: list[Opening] = []


class _Plan(msgspec.Struct, frozen=True):
    """What these rules need of ``plan.json``."""

    errand: _Spending


def openings(evidence: Evidence) -> dict[str, Opening]:
    """Return every account that the plan opens, by the key under which it does.

    Raises:
        EvidenceError: ``plan.json`` is missing or damaged.
    """
    path = evidence.directory.plan
    try:
        errand = msgspec.json.decode(path.read_bytes(), type=_Plan).errand
    except FileNotFoundError as error:
        raise EvidenceError(f"{path.name} is missing: nobody says what was there before the crowd came") from error
    except msgspec.DecodeError as error:
        raise EvidenceError(f"{path.name} is damaged: {error}") from error
    return {opening.key: opening for opening in (*errand.accounts, *errand.impostors)}
