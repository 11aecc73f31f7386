"""What was broken on purpose: the plan in ``run.json``, and one line of ``faults.jsonl`` a fault and part."""

from __future__ import annotations

from pathlib import Path

import msgspec


class PlannedFault(msgspec.Struct, frozen=True):
    """One fault of a run's schedule, decided before anything starts.

    ``target`` is what was asked for (``minority``, ``valkey/2``, ``postgres``) and ``parts`` whom the seed chose for
    it. ``at_s`` counts from the crowd's first second; ``for_s`` is how long it lasts, once it is in effect.
    """

    fault: str
    target: str
    parts: list[str]
    at_s: float
    for_s: float = 0.0
    argument: str = ""


class FaultRecord(msgspec.Struct, frozen=True):
    """What became of one fault on one part; ``_ns`` count from the variant's epoch, None is never.

    ``effective_ns`` and ``healed_ns`` are instants at which a *probe* saw it, not at which it was asked for;
    ``evidence`` says what the probes saw.
    """

    fault: str
    target: str
    asked_ns: int | None
    effective_ns: int | None
    healed_ns: int | None
    evidence: str


def write_faults(path: Path, records: list[FaultRecord]) -> None:
    """Write ``faults.jsonl`` whole or not at all, in the order in which the faults were asked for."""
    never = max((record.asked_ns or 0 for record in records), default=0) + 1
    ordered = sorted(records, key=lambda record: (never if record.asked_ns is None else record.asked_ns, record.target))
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.Encoder().encode_lines(ordered))
    draft.replace(path)


def read_faults(path: Path) -> list[FaultRecord]:
    """Read ``faults.jsonl``; raises ``FileNotFoundError`` or ``msgspec.DecodeError``."""
    return msgspec.json.Decoder(FaultRecord).decode_lines(path.read_bytes())
