"""A service that does not know what went wrong has a defect, whatever became of the operation."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import recorded_faults
from trivet_lab.checkers._history import HISTORY, Batch
from trivet_lab.checkers._witness import Violations

STATUS, CODE = 500, "internal"
FAILPOINT, RAISED = "failpoint", '"action":"error"'


class NoDefects(Checker):
    """Looks for 500 and ``internal`` among all attempts.

    A dependency that fails, a lock that ran out or a body that is wrong have codes of their own (503, 429, 4xx). What
    is left is an error that nobody thought of; a retry that heals it hides it from every other rule. A failpoint that
    was set to raise is such an error on purpose, and excuses one.
    """

    NAME: ClassVar[str] = "no_defects"
    RULE: ClassVar[str] = (
        "No attempt is answered 500 or `internal`, but where a failpoint raised: whatever fails has a code of its own."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Count the errors that were asked for; no ledger is needed."""
        self._evidence = evidence
        self._raised = sum(
            record.fault == FAILPOINT and record.effective_ns is not None and RAISED in record.evidence
            for record in evidence.book(recorded_faults)
        )
        self._found = Violations()
        self._attempts = self._defects = 0

    def read(self, batch: Batch) -> None:
        """Look at every attempt."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            for number, attempt in enumerate(operation.attempts, 1):
                if attempt.status == STATUS or attempt.code == CODE:
                    self._defects += 1
                    if self._defects <= self._raised:
                        continue
                    told = f"{attempt.status} {attempt.code or 'without a code'}"
                    where = f"{attempt.node or 'an unnamed replica'} answered attempt {number}"
                    self._found.add(f"{where} of operation {operation.op} with {told}", (HISTORY, offset))
            self._attempts += len(operation.attempts)

    def finish(self) -> Ruling:
        """Rule over the answers."""
        return self._found.ruling(self._evidence, f"{self._attempts:,} attempts, none met a defect")
