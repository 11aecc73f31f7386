"""Whether the services' own audits found their books right."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.evidence import Audit, AuditedRule, AuditRecord, read_audit

EXITS = {True: 0, False: 1}
WITNESS_MAX = 10


class AuditProven(Checker):
    """Takes the word of each audit that ran after the crowd had gone.

    An operator has the audit alone: no history, no crowd, no checker. So it is held to what the lab sees, and must find
    by itself what others find beside it. One that could not run, that looked at nothing, or whose exit code, sum and
    rules do not say the same, proves nothing in either direction.
    """

    NAME: ClassVar[str] = "audit_proven"
    RULE: ClassVar[str] = "The audit of every service that has one finds each rule of its books kept."

    def __init__(self, evidence: Evidence) -> None:
        """Read what the audits said.

        Raises:
            EvidenceError: there was none, one could not tell, or one contradicts itself.
        """
        paths = sorted(evidence.directory.audits.glob("*.json"))
        if not paths:
            raise EvidenceError("audit/ is empty: no service was asked to prove its books")
        self._audits = {path.stem: _audit(path) for path in paths}

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule: what one rule of one audit found broken is invalid."""
        broken = [(name, rule) for name, audit in self._audits.items() for rule in audit.rules if not rule.proven]
        if broken:
            told = "; ".join(f"{name}: not so: {rule.rule}" for name, rule in broken)
            return Ruling("invalid", told, [line for name, rule in broken for line in _lines(name, rule)][:WITNESS_MAX])
        told = "; ".join(f"{name} proved {len(audit.rules):,} rules" for name, audit in self._audits.items())
        return Ruling("valid", told)


def _audit(path: Path) -> Audit:
    name = f"audit/{path.name}"
    try:
        record = read_audit(path)
    except msgspec.DecodeError as error:
        raise EvidenceError(f"{name} is damaged: {error}") from error
    audit = record.audit
    if audit is None:
        raise EvidenceError(f"{name}: {' '.join(record.command)} could not tell: {record.error}")
    if sum(rule.observed for rule in audit.rules) == 0:
        raise EvidenceError(f"{name}: it looked at nothing")
    if not _is_consistent(record, audit):
        raise EvidenceError(f"{name} contradicts itself: it ended with {record.exit} and says proven: {audit.proven}")
    return audit


def _is_consistent(record: AuditRecord, audit: Audit) -> bool:
    return record.exit == EXITS[audit.proven] and audit.proven == all(rule.proven for rule in audit.rules)


def _lines(name: str, rule: AuditedRule) -> list[dict[str, Any]]:
    return [{"member": name, "broken": rule.name, **offender} for offender in rule.offenders] or [
        {"member": name, "broken": rule.name}
    ]
