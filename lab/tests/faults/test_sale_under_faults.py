"""The flash sale while real servers die, stand still and forget: nothing oversells, nothing told is lost.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time) makes a run unknown, and says so;
what a fault may break must hold in every run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from under_faults import BrokenShop, Case, Shown, both_links, parametrised

from trivet_lab.evidence import read_history
from trivet_lab.faults import Fault, find_faults
from trivet_lab.scenarios import find_scenarios

SCENARIO = find_scenarios()["flash-sale"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=30, items=5, stock=8)
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
Sell = Callable[[str, Case], Shown]
LEASE = {"lock_ttl_ms": "1000"}
AWAY = "1500ms"  # longer than the longest lease of these sales
ONE, TWO = "inventory-api-1", "inventory-api-2"

both = partial(both_links, "inventory")
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


@pytest.fixture
def sell(broken: BrokenShop) -> Sell:
    return partial(broken.send, SCENARIO, PARAMETERS)


@pytest.mark.parametrize(("strategy", "case"), parametrised(CASES))
def test_what_was_told_is_true_under_a_fault(sell: Sell, strategy: str, case: Case) -> None:
    shown = sell(strategy, case)
    shown.hold(MUST_HOLD, case)
    assert shown.result.figures["oversold"] == 0
    assert shown.result.figures["sold"] > 0


@pytest.mark.long
def test_without_a_quorum_nothing_is_sold_and_everybody_is_told(sell: Sell) -> None:
    case = Case(LOCKED, f"kill:valkey/3@1s+{AWAY}", LEASE)
    shown = sell("redlock", case)
    shown.hold(MUST_HOLD, case)
    history = shown.run.variant("redlock").history
    effective = [record.effective_ns for record in shown.faults if record.effective_ns is not None]
    begin_ns, end_ns = max(effective), min(effective) + 1_500_000_000  # until the first of them is started again
    attempts = [
        (operation, attempt)
        for operation in read_history(history)
        for attempt in operation.attempts
        if operation.f == "buy" and begin_ns <= attempt.call_ns and attempt.return_ns <= end_ns
    ]
    # Who asks again for what was decided before is told it again: no lock is needed for that.
    old = {operation.key for operation in read_history(history) if operation.call_ns < begin_ns}
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
    shown = sell("advisory", Case(ALL, f"kill:{ONE}@1s+300ms"))
    [record] = shown.faults
    assert record.asked_ns is not None
    assert record.effective_ns is None
    assert shown.verdicts["faults_effective"] == "unknown"
    assert "never took effect" in shown.doubts["faults_effective"]
    assert shown.result.verdict == "unknown"


@pytest.mark.long
def test_the_plan_of_faults_stands_in_the_record(sell: Sell) -> None:
    shown = sell("advisory", Case(ALL, "restart_empty:valkey/one@1s"))
    written = Path(shown.run.run).read_text()
    assert '"fault": "restart_empty"' in written
    assert '"target": "valkey/one"' in written
    [record] = shown.faults
    assert f'"{record.target}"' in written
