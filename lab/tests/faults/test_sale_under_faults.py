"""The flash sale while real servers die, stand still and forget: nothing oversells, nothing told is lost.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time) makes a run unknown, and says so;
what a fault may break must hold in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from trivet_lab.evidence import FaultRecord, RunDirectory, VariantResult, read_faults, read_history
from trivet_lab.faults import Fault, find_faults
from trivet_platform import bounded_disk_blocker, find_libfaketime

MUST_HOLD = [
    "faults_effective",
    "no_defects",
    "no_oversell",
    "stock_never_negative",
    "stock_conserved",
    "no_lost_purchase",
    "no_phantom_purchase",
    "one_row_a_key",
    "refusals_legal",
    "fences_monotone",
]
Sell = Callable[..., tuple[VariantResult, RunDirectory]]


def found(result: VariantResult) -> dict[str, str]:
    return {check.name: check.verdict for check in result.checks}


def said(result: VariantResult) -> dict[str, str]:
    return {check.name: check.observed for check in result.checks if check.verdict != "valid"}


def records(run: RunDirectory) -> list[FaultRecord]:
    return [record for variant in run.variants() for record in read_faults(variant.faults)]


LEASE = {"lock_ttl_ms": "1000"}
AWAY = "1500ms"  # longer than the longest lease of these sales
ONE, TWO = "inventory-api-1", "inventory-api-2"


def both(fault: str, server: str, when: str) -> str:
    """Break the links of both replicas to a server: to them it is the server that is slow, silent or late."""
    return ",".join(f"{fault}:{replica}-to-{server}@{when}" for replica in (ONE, TWO))


class Case(NamedTuple):
    """One sale under faults: its strategies, what is broken, settings of the service, and rules beside the usual."""

    strategies: tuple[str, ...]
    faults: str
    own: Mapping[str, str] = MappingProxyType({})
    checkers: tuple[str, ...] = ()
    load_s: float = 4


ALL = ("redlock", "advisory")
LOCKED = ("redlock",)
CASES = {
    "replica-killed": Case(ALL, f"kill:{ONE}@1s+300ms", LEASE),
    "killed-after-its-commit": Case(ALL, f"failpoint=inventory.purchase.after_commit=kill@3:{ONE}@0s+300ms", LEASE),
    "killed-before-its-reply": Case(ALL, f"failpoint=inventory.purchase.before_reply=kill@3:{ONE}@0s+300ms", LEASE),
    "replica-paused-past-its-lease": Case(ALL, f"pause:{ONE}@1s+2s", LEASE),
    "holder-paused-past-its-lease": Case(
        LOCKED, f"failpoint=inventory.purchase.before_write=pause:2000@3:{ONE}@0s+300ms", LEASE
    ),
    "one-master-killed": Case(LOCKED, f"kill:valkey/1@1s+{AWAY}", LEASE),
    "two-masters-killed": Case(LOCKED, f"kill:valkey/2@1s+{AWAY}", LEASE),
    "one-master-forgets": Case(LOCKED, "restart_empty:valkey/1@1s+300ms", LEASE),
    "two-masters-forget": Case(LOCKED, "restart_empty:valkey/2@1s+300ms", LEASE),
    "three-masters-forget": Case(LOCKED, "restart_empty:valkey/3@1s+300ms", LEASE),
    "no-need-of-masters": Case(("advisory",), "kill:valkey/3@1s+500ms"),
    "slow-master": Case(LOCKED, both("delay=40ms", "valkey-2", "1s+2s"), LEASE),
    "silent-master": Case(LOCKED, both("black_hole", "valkey-2", "1s+2s"), LEASE),
    "late-master": Case(LOCKED, both("delay=300ms", "valkey-2", "1s+2s"), LEASE),
    "database-killed": Case(ALL, "kill:postgres@1s+200ms"),
    "database-restarted": Case(("advisory",), "restart:postgres@1s+300ms"),
    "commit-unanswered": Case(ALL, f"cut_after_commit:{ONE}-to-postgres@500ms+300ms"),
    "database-silent": Case(ALL, f"black_hole:{ONE}-to-postgres@1s+1s"),
    "database-half-open": Case(LOCKED, f"half_open:{ONE}-to-postgres@1s+1s"),
    "database-reset": Case(("advisory",), f"reset:{ONE}-to-postgres@1s+500ms"),
    "edge-killed": Case(("advisory",), "kill:envoy@1s+300ms"),
    "replica-clock-jumps": Case(LOCKED, f"clock_jump:{ONE}@1s+1s,clock_jump=-90s:{TWO}@2500ms+1s", LEASE),
    "master-clock-jumps": Case(LOCKED, "clock_jump:valkey/1@1s+1s", LEASE),
    "clocks-of-a-quorum-jump": Case(LOCKED, "clock_jump:valkey/3@1s+1s", LEASE),
    "database-clock-jumps": Case(("advisory",), "clock_jump:postgres@1s+1s"),
    "database-disk-full": Case(("advisory",), "disk_full:postgres@500ms+2s"),
    # The second one goes once the edge has found the first again.
    "rolled": Case(ALL, f"restart:{ONE}@1s+300ms,restart:{TWO}@7500ms+300ms", {}, ("nobody_noticed",), 13),
}
ABSENT = {
    "clock_jump": pytest.mark.skipif(find_libfaketime() is None, reason="libfaketime is not installed"),
    "disk_full": pytest.mark.skipif(bool(bounded_disk_blocker()), reason="no small filesystem can be mounted here"),
}
SALES = [
    pytest.param(
        strategy, case, id=f"{strategy}-{name}", marks=[mark for fault, mark in ABSENT.items() if fault in case.faults]
    )
    for name, case in CASES.items()
    for strategy in case.strategies
]


@pytest.mark.parametrize(("strategy", "case"), SALES)
def test_what_was_told_is_true_under_a_fault(sell: Sell, strategy: str, case: Case) -> None:
    result, _ = sell(strategy, case.faults, checkers=case.checkers, load_s=case.load_s, **case.own)
    verdicts = found(result)
    must_hold = [*MUST_HOLD, *case.checkers]
    assert {name: verdicts[name] for name in must_hold} == dict.fromkeys(must_hold, "valid"), said(result)
    assert result.verdict != "invalid", said(result)
    assert result.figures["oversold"] == 0
    assert result.figures["sold"] > 0


@pytest.mark.long
def test_without_a_quorum_nothing_is_sold_and_everybody_is_told(sell: Sell) -> None:
    result, run = sell("redlock", f"kill:valkey/3@1s+{AWAY}", **LEASE)
    assert {name: found(result)[name] for name in MUST_HOLD} == dict.fromkeys(MUST_HOLD, "valid"), said(result)
    assert result.verdict != "invalid", said(result)
    effective = [record.effective_ns for record in records(run) if record.effective_ns is not None]
    begin_ns, end_ns = max(effective), min(effective) + 1_500_000_000  # until the first of them is started again
    attempts = [
        (operation, attempt)
        for operation in read_history(run.variant("redlock").history)
        for attempt in operation.attempts
        if operation.f == "buy" and begin_ns <= attempt.call_ns and attempt.return_ns <= end_ns
    ]
    # Who asks again for what was decided before is told it again: no lock is needed for that.
    old = {operation.key for operation in read_history(run.variant("redlock").history) if operation.call_ns < begin_ns}
    fresh = [attempt for operation, attempt in attempts if operation.key not in old]
    assert fresh
    assert [attempt for attempt in fresh if attempt.status == 200] == []
    assert any((attempt.status, attempt.code) == (503, "unavailable") for _, attempt in attempts)


@pytest.mark.long
def test_a_fault_that_does_nothing_makes_the_verdict_unknown(sell: Sell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same sale, only that nobody is killed: every other rule holds, and still nothing was shown."""

    def nothing(self: Fault) -> None:
        self._were = self.part.pids  # type: ignore[attr-defined]  # what a real one remembers

    kind = find_faults()["kill"]
    monkeypatch.setattr(kind, "inject", nothing)
    monkeypatch.setattr(kind, "PATIENCE_S", 0.2)
    result, run = sell("advisory", "kill:inventory-api-1@1s+300ms")
    [record] = records(run)
    assert record.asked_ns is not None
    assert record.effective_ns is None
    assert found(result)["faults_effective"] == "unknown"
    assert "never took effect" in said(result)["faults_effective"]
    assert result.verdict == "unknown"


@pytest.mark.long
def test_the_plan_of_faults_stands_in_the_record(sell: Sell) -> None:
    _, run = sell("advisory", "restart_empty:valkey/one@1s")
    written = Path(run.run).read_text()
    assert '"fault": "restart_empty"' in written
    assert '"target": "valkey/one"' in written
    [record] = records(run)
    assert f'"{record.target}"' in written
