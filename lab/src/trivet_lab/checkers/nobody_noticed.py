"""Work that is done in order, as rolling a release out is, must be invisible to customers."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch
from trivet_lab.checkers._witness import Violations


class NobodyNoticed(Checker):
    """Looks for attempts without an answer, and for a server's errors.

    That an item is sold out or its lock is busy is an answer. Only runs in which nothing died suddenly can keep this
    rule, so a scenario asks for it by name.
    """

    NAME: ClassVar[str] = "nobody_noticed"
    RULE: ClassVar[str] = "Every attempt is answered, and none with a server's error (5xx)."

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any attempt; no ledger is needed."""
        self._evidence = evidence
        self._found = Violations()
        self._why: Counter[str] = Counter()
        self._attempts = 0

    def read(self, batch: Batch) -> None:
        """Look at every attempt."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            for number, attempt in enumerate(operation.attempts, 1):
                if attempt.status == 0 or attempt.status >= 500:
                    told = attempt.code or str(attempt.status)
                    self._why[told] += 1
                    self._found.add(
                        f"attempt {number} of operation {operation.op} ended with {told}", (HISTORY, offset)
                    )
            self._attempts += len(operation.attempts)

    def finish(self) -> Ruling:
        """Rule over the answers; what is found is counted by its reason."""
        ruling = self._found.ruling(self._evidence, f"{self._attempts:,} attempts, each was answered")
        if not self._found.count:
            return ruling
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._why.most_common())
        return Ruling(ruling.verdict, f"{ruling.observed}; of {self._attempts:,} attempts: {reasons}", ruling.witness)
