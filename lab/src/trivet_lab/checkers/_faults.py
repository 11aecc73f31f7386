"""What was broken on purpose, as the lab wrote it down."""

from __future__ import annotations

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError
from trivet_lab.evidence import FaultRecord, read_faults


class Faults:
    """Every fault of the variant, read once."""

    def __init__(self, evidence: Evidence) -> None:
        """Read ``faults.jsonl``.

        Raises:
            EvidenceError: it is missing, damaged or empty: who asks about faults was promised some.
        """
        path = evidence.directory.faults
        try:
            self.records: list[FaultRecord] = read_faults(path)
        except FileNotFoundError as error:
            raise EvidenceError(f"{path.name} is missing") from error
        except msgspec.DecodeError as error:
            raise EvidenceError(f"{path.name} is damaged: {error}") from error
        if not self.records:
            raise EvidenceError(f"{path.name} is empty: nothing was broken")
