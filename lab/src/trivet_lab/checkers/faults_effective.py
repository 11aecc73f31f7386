"""Whether what was to be broken really was, while somebody wanted something."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import Faults
from trivet_lab.checkers._history import Batch
from trivet_lab.evidence import FaultRecord


class FaultsEffective(Checker):
    """Counts the operations in flight in each fault's window, which is what two probes saw: in effect, and healed.

    No service can break this rule, so it never says *invalid*: a fault that had no effect proves nothing, for better
    or worse.
    """

    NAME: ClassVar[str] = "faults_effective"
    RULE: ClassVar[str] = (
        "Every fault took effect and was healed, both seen by a probe, with an operation in flight between."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read what was broken."""
        self._records = evidence.book(Faults).records
        self._in_flight = [0] * len(self._records)
        self._windows = [
            (number, record.effective_ns, record.healed_ns)
            for number, record in enumerate(self._records)
            if record.effective_ns is not None and record.healed_ns is not None
        ]

    def read(self, batch: Batch) -> None:
        """Count who was in flight in each window."""
        for operation in batch.operations:
            call_ns, return_ns = operation.call_ns, operation.return_ns
            for number, begin_ns, end_ns in self._windows:
                if call_ns <= end_ns and return_ns >= begin_ns:
                    self._in_flight[number] += 1

    def finish(self) -> Ruling:
        """Rule: one fault without effect makes the verdict unknown."""
        reasons = [
            reason
            for record, count in zip(self._records, self._in_flight, strict=True)
            if (reason := _shortfall(record, count)) is not None
        ]
        if reasons:
            return Ruling("unknown", "; ".join(reasons))
        fewest = min(self._in_flight)
        return Ruling(
            "valid", f"{len(self._records):,} took effect and healed; in flight in each window: at least {fewest:,}"
        )


def _shortfall(record: FaultRecord, in_flight: int) -> str | None:
    """Return why a fault proves nothing, None if it does prove something."""
    name = f"{record.fault} of {record.target}"
    if record.asked_ns is None:
        return f"{name} was never asked for: {record.evidence}"
    if record.effective_ns is None:
        return f"{name} never took effect: {record.evidence}"
    if record.healed_ns is None:
        return f"{name} was never healed: {record.evidence}"
    return None if in_flight else f"{name}: no operation was in flight while it was in effect"
