"""Operations whose outcome nobody learnt. Every rule has to allow both for them, so many of them prove little."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch

UNKNOWN_SHARE_MAX = 0.01


class AnswersComplete(Checker):
    """Counts what stayed unknown after all retries."""

    NAME: ClassVar[str] = "answers_complete"
    RULE: ClassVar[str] = "At most 1 % of the operations end unknown, since each of those may or may not have happened."

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any operation; no ledger is needed."""
        self._evidence = evidence
        self._why: Counter[str] = Counter()

    def read(self, batch: Batch) -> None:
        """Count the unknown ones by how their last attempt ended."""
        for operation in batch.operations:
            if operation.outcome == "unknown":
                last = operation.attempts[-1]
                self._why[last.code or str(last.status)] += 1

    def finish(self) -> Ruling:
        """Rule over the share."""
        total = self._evidence.history.count
        unknown = self._why.total()
        if not unknown:
            return Ruling("valid", f"{total:,} operations, none unknown")
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._why.most_common())
        observed = f"{unknown:,} of {total:,} operations are unknown ({unknown / total:.2%}), last seen: {reasons}"
        if unknown > total * UNKNOWN_SHARE_MAX:
            return Ruling("unknown", f"{observed}; each may or may not have happened, and no rule can tell")
        return Ruling("valid", observed)
