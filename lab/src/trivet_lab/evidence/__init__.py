"""What a run leaves behind: its directory, what it was, what the crowd did, and what was found."""

from trivet_lab.evidence.answers import STORED
from trivet_lab.evidence.audits import Audit, AuditedRule, AuditRecord, read_audit, write_audit
from trivet_lab.evidence.directory import RunDirectory, VariantDirectory, create_directory, create_run
from trivet_lab.evidence.events import Event, LeaseHeld, LeaseOver, collect_events
from trivet_lab.evidence.faults import FaultRecord, PlannedFault, read_faults, write_faults
from trivet_lab.evidence.history import SCENE, Attempt, Operation, Outcome, encode_operation, read_history
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
from trivet_lab.evidence.samples import Sample, SampleFile, read_samples
from trivet_lab.evidence.topics import Record, record_of

__all__ = [
    "SCENE",
    "STORED",
    "Attempt",
    "Audit",
    "AuditRecord",
    "AuditedRule",
    "DamagedRecord",
    "Event",
    "FaultRecord",
    "Finding",
    "Latency",
    "LeaseHeld",
    "LeaseOver",
    "Load",
    "Machine",
    "Operation",
    "Outcome",
    "PlannedFault",
    "PlannedVariant",
    "Record",
    "Results",
    "RunDirectory",
    "RunRecord",
    "Sample",
    "SampleFile",
    "VariantDirectory",
    "VariantResult",
    "Verdict",
    "collect_events",
    "command_line",
    "commit_of",
    "create_directory",
    "create_run",
    "encode_operation",
    "machine",
    "now_utc",
    "plain_parameters",
    "read_audit",
    "read_faults",
    "read_history",
    "read_record",
    "read_results",
    "read_samples",
    "record_of",
    "write_audit",
    "write_faults",
    "write_record",
    "write_results",
]
