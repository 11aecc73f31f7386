"""No event is left that a consumer could make nothing of."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._orders import ParkedRow
from trivet_lab.checkers._witness import Violations


class NothingParked(Checker):
    """Looks at what was parked: an operator would be called for each, and no crowd sent what cannot be read."""

    NAME: ClassVar[str] = "nothing_parked"
    RULE: ClassVar[str] = "No record is parked that was not replayed."

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledger."""
        self._evidence = evidence
        self._found = Violations()
        self._replayed = 0
        for row in evidence.rows(ParkedRow):
            if row.replayed:
                self._replayed += 1
                continue
            where = f"record {row.record_offset} of partition {row.partition} of {row.topic}"
            self._found.add(f"{where} is parked: {row.reason}", row.pointer)

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule over what is left."""
        replayed = f"{self._replayed:,} were replayed" if self._replayed else "and none was replayed"
        return self._found.ruling(self._evidence, f"nothing is parked, {replayed}")
