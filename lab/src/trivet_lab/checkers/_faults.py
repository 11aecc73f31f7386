"""What was broken on purpose, as the lab wrote it down."""

from __future__ import annotations

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError
from trivet_lab.evidence import FaultRecord, read_faults

FORGETTING = frozenset({"kill", "restart", "restart_empty", "clock_jump"})
"""After these a master may grant again what it has granted: it lost its keys, or its clock skipped their time."""
MASTERS = "valkey-"
MEMORIES = MASTERS, "reservation-valkey"
"""What the seats' memory is called: a member's own Valkey, or in a shop with one alone the first of all."""
WIPING = frozenset({"kill", "restart", "restart_empty"})
"""After these a Valkey, which keeps nothing on disk, has lost every hold that nobody pinned."""
EDGE, REFILLING = "envoy", frozenset({"kill", "restart"})
"""The edge keeps what it counts in memory: after these every bucket is full again. One that pauses fills none."""
NEVER_NS = 1 << 62


class Faults:
    """Every fault of the variant, read once."""

    def __init__(self, evidence: Evidence) -> None:
        """Read ``faults.jsonl``.

        Raises:
            EvidenceError: it is missing, damaged or empty: who asks about faults was promised some.
        """
        path = evidence.directory.faults
        if not path.exists():
            raise EvidenceError(f"{path.name} is missing")
        self.records: list[FaultRecord] = evidence.book(recorded_faults)
        if not self.records:
            raise EvidenceError(f"{path.name} is empty: nothing was broken")


def recorded_faults(evidence: Evidence) -> list[FaultRecord]:
    """Return what was broken on purpose, nothing for a run that broke nothing and so has no record.

    Raises:
        EvidenceError: ``faults.jsonl`` is damaged.
    """
    path = evidence.directory.faults
    try:
        return read_faults(path)
    except FileNotFoundError:
        return []
    except msgspec.DecodeError as error:
        raise EvidenceError(f"{path.name} is damaged: {error}") from error


def forgetting_spans(evidence: Evidence) -> list[tuple[int, int]]:
    """Return from when to when a master of the locks was made to forget; one that never healed has no end.

    Raises:
        EvidenceError: ``faults.jsonl`` is damaged, so nobody can know.
    """
    return [
        span
        for record in evidence.book(recorded_faults)
        if record.fault in FORGETTING and record.target.startswith(MASTERS)
        for span in _span(record)
    ]


def wipes(evidence: Evidence) -> list[tuple[int, int]]:
    """Return the span in which each loss of a Valkey's memory lies: from when it was asked for to when it was seen.

    The memory was there before the first and is not after the second. Of a loss that nobody saw no end is known.

    Raises:
        EvidenceError: ``faults.jsonl`` is damaged, so nobody can know.
    """
    return sorted(
        (record.asked_ns, NEVER_NS if record.effective_ns is None else record.effective_ns)
        for record in evidence.book(recorded_faults)
        if record.fault in WIPING and record.target.startswith(MEMORIES) and record.asked_ns is not None
    )


def refilling_spans(evidence: Evidence) -> list[tuple[int, int]]:
    """Return from when to when the edge was made to begin again; one that never came back, as far as is known, no end.

    Raises:
        EvidenceError: ``faults.jsonl`` is damaged, so nobody can know.
    """
    return [
        span
        for record in evidence.book(recorded_faults)
        if record.fault in REFILLING and record.target == EDGE
        for span in _span(record)
    ]


def _span(record: FaultRecord) -> list[tuple[int, int]]:
    """Return the span of a fault that was asked for."""
    if record.asked_ns is None:
        return []
    return [(record.asked_ns, NEVER_NS if record.healed_ns is None else record.healed_ns)]
