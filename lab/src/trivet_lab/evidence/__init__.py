"""What a run leaves behind: its directory, what it was, what the crowd did, and what was found."""

from trivet_lab.evidence.directory import RunDirectory, VariantDirectory, create_run
from trivet_lab.evidence.history import Attempt, Operation, Outcome, encode_operation, read_history
from trivet_lab.evidence.record import (
    DamagedRecord,
    Machine,
    PlannedVariant,
    RunRecord,
    command_line,
    commit_of,
    machine,
    now_utc,
    plain_parameters,
    read_record,
    versions,
    write_record,
)
from trivet_lab.evidence.results import (
    Finding,
    Latency,
    Load,
    Results,
    VariantResult,
    Verdict,
    read_results,
    write_results,
)

__all__ = [
    "Attempt",
    "DamagedRecord",
    "Finding",
    "Latency",
    "Load",
    "Machine",
    "Operation",
    "Outcome",
    "PlannedVariant",
    "Results",
    "RunDirectory",
    "RunRecord",
    "VariantDirectory",
    "VariantResult",
    "Verdict",
    "command_line",
    "commit_of",
    "create_run",
    "encode_operation",
    "machine",
    "now_utc",
    "plain_parameters",
    "read_history",
    "read_record",
    "read_results",
    "versions",
    "write_record",
    "write_results",
]
