"""The page's tables: checks, outcomes, latency, the crowd, the machine and the load generator's own cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trivet_lab.evidence import FaultRecord, Finding
from trivet_lab.faults import find_faults
from trivet_lab.report import words
from trivet_lab.report.source import RunRecord, VariantRecord
from trivet_lab.report.trade import Trade

CROWD = {
    "clients": "clients",
    "rate": "rate wanted, per second",
    "duration": "load, seconds",
    "items": "items on sale",
    "stock": "stock of each at the start",
    "customers": "accounts to spend from",
    "merchants": "accounts that are paid",
    "opening": "minor units in each at the start",
    "amount": "minor units of one payment at most",
    "again": "share sent again under its key",
    "seats": "seats of the largest hall",
    "ttl": "seconds that a hold lasts at most",
}


def check_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Return one row a rule, with what was observed in each variant beside it; broken rules lead."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for variant in record.variants:
        for check in variant.result.checks if variant.result else []:
            row = rows.setdefault(
                (check.name, check.rule), {"name": words.label(check.name), "rule": check.rule, "cells": {}}
            )
            row["cells"][variant.name] = _check_cell(check)
    rank = {"bad": 0, "unsure": 1, "good": 2}
    return sorted(rows.values(), key=lambda row: min(rank[cell["tone"]] for cell in row["cells"].values()))


def _check_cell(check: Finding) -> dict[str, str]:
    mark, word = words.finding_words(check.verdict)
    return {"mark": mark, "word": word, "tone": words.TONES[mark], "observed": check.observed}


def fault_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Return one row a fault and part: when it was asked for, in effect and healed, what it proves, what was seen."""
    return [
        {
            "variant": variant.name,
            "fault": words.label(fault.fault),
            "target": fault.target,
            "asked": _second(fault.asked_ns),
            "effective": _second(fault.effective_ns),
            "healed": _second(fault.healed_ns),
            "proves": _worth(fault),
            "evidence": fault.evidence,
        }
        for variant in record.variants
        for fault in variant.faults
    ]


def _worth(fault: FaultRecord) -> str:
    """Say what a run under this fault proves, if it really took place; an older run may name one that is no more."""
    if fault.effective_ns is None or fault.healed_ns is None:
        return "It proves nothing: a probe has to see it in effect, and healed."
    kind = find_faults().get(fault.fault)
    return kind.PROVES if kind else ""


def _second(at_ns: int | None) -> str:
    return "never" if at_ns is None else f"{at_ns / 1e9:.2f} s"


def outcome_rows(record: RunRecord, trade: Trade) -> list[dict[str, Any]]:
    """Return one row a status with each variant's count and its share in percent."""
    counts = {variant.name: _statuses(variant) for variant in record.variants}
    statuses = sorted({status for counted in counts.values() for status in counted}, key=lambda status: status or 999)
    rows = []
    for status in statuses:
        cells = []
        for name, counted in counts.items():
            share = 100 * counted.get(status, 0) / max(sum(counted.values()), 1)
            cells.append({"variant": name, "count": words.number(counted.get(status, 0)), "share": round(share, 2)})
        rows.append(
            {
                "status": str(status) if status else "none",
                "meaning": trade.status_words(status),
                "kind": _kind(status),
                "cells": cells,
            }
        )
    return rows


def _statuses(variant: VariantRecord) -> dict[int, int]:
    if variant.result:
        return {int(status): count for status, count in variant.result.outcomes.items()}
    return dict(variant.tally.statuses)


def _kind(status: int) -> str:
    if 200 <= status < 300:
        return "ok"
    return "refused" if 400 <= status < 500 else "unknown"


def percentile_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Return each variant's latency at the marks of the axis."""
    rows = []
    for variant in record.variants:
        since, whole = variant.latency
        marks = {mark: words.duration_ms(value) for mark, value in whole.marks.items()} if whole else {}
        rows.append(
            {
                "variant": variant.name,
                "since": since,
                "count": words.number(whole.count if whole else 0),
                "marks": marks,
            }
        )
    return rows


def crowd_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Return the size of the crowd, what it did, and the seed that sends it again."""
    parameters = record.facts.parameters
    facts = [(CROWD.get(name, words.label(name)), _plain(value)) for name, value in parameters.items()]
    if record.facts.seed is not None and "seed" not in parameters:
        facts.append(("seed", str(record.facts.seed)))
    return facts


def machine_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Return the machine, what ran on it, and the commit."""
    machine = dict(record.facts.machine)
    facts = []
    if (cpus := machine.pop("cpus", None)) is not None:
        facts.append(("CPUs", str(cpus)))
    if isinstance(memory := machine.pop("memory_bytes", None), int):
        facts.append(("memory", f"{memory / 2**30:.1f} GiB"))
    facts += [(words.label(name), str(value)) for name, value in machine.items()]
    facts += [(name, str(version)) for name, version in record.facts.versions.items()]
    if record.facts.commit:
        facts.append(("commit", record.facts.commit))
    return facts


def load_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Return what the load generator cost in each variant, and what the crowd did there."""
    rows = []
    for variant in record.variants:
        judged, cost, tally = variant.result, variant.cost, variant.tally
        lateness = judged.load.lateness_ms_p99 if judged else cost.lateness_ms.get("p99")
        share = judged.load.cpu_share if judged else cost.cpu_share
        rows.append(
            {
                "variant": variant.name,
                "operations": words.number(tally.operations),
                "retried": words.number(tally.retried),
                "unknown": words.number(tally.outcomes["unknown"]),
                "in_flight": "–" if cost.in_flight_max is None else words.number(cost.in_flight_max),
                "lateness": "–" if lateness is None else words.duration_ms(lateness),
                "cpu": "–" if share is None else f"{100 * share:.0f} %",
                "over_budget": cost.over_budget,
                "left_out": _left_out(cost.left_out),
            }
        )
    return rows


def _left_out(counts: Mapping[str, int]) -> str:
    """Say how many operations were not sent, since what they wait for was refused or never answered."""
    total = sum(counts.values())
    if not total:
        return ""
    unanswered = counts.get("unanswered", 0)
    unanswered_too = f", and of {words.number(unanswered)} of them nobody was told before the crowd was gone"
    waited = "what they wait for was not done" + (unanswered_too if unanswered else "")
    return f"{words.counted(total, 'operation')} of the plan made no sense any more and were not sent: {waited}."


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int | float):
        return words.number(value) if float(value).is_integer() else words.number(value, 2)
    return str(value)
