"""Operations whose outcome nobody learnt. Every rule has to allow both for them, so many of them prove little.

Attacks and looks at others' orders are left out, of the whole as of the unknown: they are sent once and nobody waits
for their answer, so a lost one stays unknown however well the services resolve doubts. What came of attacks
``impostors_get_nothing`` reads in the books.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import TRESPASS
from trivet_lab.checkers._wallet import ATTACK

UNKNOWN_SHARE_MAX = 0.01
UNPURSUED = frozenset({ATTACK, TRESPASS})


class AnswersComplete(Checker):
    """Counts what stayed unknown after all retries, of that which was pursued."""

    NAME: ClassVar[str] = "answers_complete"
    RULE: ClassVar[str] = (
        "At most 1 % of the operations that somebody pursues end unknown, since each of those may or may not have "
        "happened."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any operation; no ledger is needed."""
        self._evidence = evidence
        self._pursued = 0
        self._why: Counter[str] = Counter()

    def read(self, batch: Batch) -> None:
        """Count the unknown ones by how their last attempt ended."""
        for operation in batch.operations:
            if operation.f in UNPURSUED:
                continue
            self._pursued += 1
            if operation.outcome == "unknown":
                last = operation.attempts[-1]
                self._why[last.code or str(last.status)] += 1

    def finish(self) -> Ruling:
        """Rule over the share."""
        total = self._pursued
        if not total:
            raise EvidenceError("nobody waited for an answer")
        unknown = self._why.total()
        if not unknown:
            return Ruling("valid", f"{total:,} operations, none unknown")
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._why.most_common())
        observed = f"{unknown:,} of {total:,} operations are unknown ({unknown / total:.2%}), last seen: {reasons}"
        if unknown > total * UNKNOWN_SHARE_MAX:
            return Ruling("unknown", f"{observed}; each may or may not have happened, and no rule can tell")
        return Ruling("valid", observed)
