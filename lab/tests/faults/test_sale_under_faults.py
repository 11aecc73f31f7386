"""The flash sale while real servers die, stand still and forget: nothing oversells, nothing told is lost.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time) makes a run unknown, and says so;
what a fault may break must hold in every run.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from trivet_lab.console import Console
from trivet_lab.evidence import FaultRecord, RunDirectory, VariantResult, read_faults, read_history
from trivet_lab.faults import Fault, find_faults, plan_faults
from trivet_lab.members import Member, find_members
from trivet_lab.runner import Order, record_order, run_order
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, link_names, part_names
from trivet_platform import Supervisor

pytestmark = pytest.mark.long
SCENARIO = find_scenarios()["flash-sale"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=30, duration=6, items=5, stock=8)
MUST_HOLD = [
    "faults_effective",
    "no_oversell",
    "stock_never_negative",
    "stock_conserved",
    "no_lost_purchase",
    "no_phantom_purchase",
    "one_row_a_key",
    "refusals_legal",
    "fences_monotone",
]
MEMBERS = [find_members(lab_settings().root)["inventory"]]
Sell = Callable[..., tuple[VariantResult, RunDirectory]]


@pytest.fixture(scope="module")
def sell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sell]:
    """Return what sells under faults on one shop for all tests, and returns the judged variant."""
    settings = lab_settings()
    base = tmp_path_factory.mktemp("sale")
    numbers = itertools.count(1)
    members: Sequence[Member] = MEMBERS
    with Supervisor(base) as platform:
        shop = Shop(platform, {member.name: member for member in members}, lab="faults")
        shop.open()

        def run(strategy: str, faults: str, **own: str) -> tuple[VariantResult, RunDirectory]:
            [variant] = [variant for variant in SCENARIO.variants if variant.name == strategy]
            inventory = dict(variant.settings["inventory"]) | {
                f"TRIVET_INVENTORY_{name.upper()}": value for name, value in own.items()
            }
            variant = dataclasses.replace(variant, settings={"inventory": inventory})
            parts = [*part_names(members), *link_names(members)]
            planned = plan_faults(faults, parts, 7, PARAMETERS.duration)
            order = Order(SCENARIO, PARAMETERS, [variant], 7, ["run", "flash-sale"], planned)
            path = base / f"run-{next(numbers)}"
            path.mkdir()
            directory = RunDirectory(path)
            record_order(order, directory, settings)
            results = run_order(order, directory, shop, members, Console(plain=True))
            return results.variants[0], directory

        yield run


def found(result: VariantResult) -> dict[str, str]:
    return {check.name: check.verdict for check in result.checks}


def said(result: VariantResult) -> dict[str, str]:
    return {check.name: check.observed for check in result.checks if check.verdict != "valid"}


def records(run: RunDirectory) -> list[FaultRecord]:
    return [record for variant in run.variants() for record in read_faults(variant.faults)]


LEASE = {"lock_ttl_ms": "1000"}
CASES = [
    pytest.param("redlock", "kill:inventory-api-1@1s+300ms", LEASE, id="redlock-replica-killed"),
    pytest.param("advisory", "kill:inventory-api-1@1s+300ms", {}, id="advisory-replica-killed"),
    pytest.param("redlock", "pause:inventory-api-1@1s+2s", LEASE, id="redlock-holder-paused-past-its-lease"),
    pytest.param("advisory", "pause:inventory-api-1@1s+2s", {}, id="advisory-holder-paused"),
    pytest.param("redlock", "kill:valkey/1@1s+500ms", LEASE, id="redlock-one-master-killed"),
    pytest.param("redlock", "kill:valkey/2@1s+500ms", LEASE, id="redlock-two-masters-killed"),
    pytest.param("redlock", "restart_empty:valkey/3@1s", LEASE, id="redlock-three-masters-forget"),
    pytest.param("advisory", "kill:valkey/3@1s+500ms", {}, id="advisory-does-not-need-masters"),
    pytest.param("redlock", "kill:postgres@1s+200ms", {}, id="redlock-database-killed"),
    pytest.param("advisory", "kill:postgres@1s+200ms", {}, id="advisory-database-killed"),
    pytest.param(
        "redlock", "cut_after_commit:inventory-api-1-to-postgres@500ms+300ms", {}, id="redlock-commit-unanswered"
    ),
    pytest.param(
        "advisory",
        "failpoint=inventory.purchase.after_commit=kill@3:inventory-api-1@0s+300ms",
        {},
        id="advisory-killed-before-its-reply",
    ),
]


@pytest.mark.parametrize(("strategy", "faults", "own"), CASES)
def test_what_was_told_is_true_under_a_fault(sell: Sell, strategy: str, faults: str, own: dict[str, str]) -> None:
    result, _ = sell(strategy, faults, **own)
    verdicts = found(result)
    assert {name: verdicts[name] for name in MUST_HOLD} == dict.fromkeys(MUST_HOLD, "valid"), said(result)
    assert result.verdict != "invalid", said(result)
    assert result.figures["oversold"] == 0
    assert result.figures["sold"] > 0


def test_without_a_quorum_nothing_is_sold_and_everybody_is_told(sell: Sell) -> None:
    result, run = sell("redlock", "kill:valkey/3@1s+1s", **LEASE)
    assert {name: found(result)[name] for name in MUST_HOLD} == dict.fromkeys(MUST_HOLD, "valid"), said(result)
    assert result.verdict != "invalid", said(result)
    effective = [record.effective_ns for record in records(run) if record.effective_ns is not None]
    begin_ns, end_ns = max(effective), min(effective) + 1_000_000_000  # until the first of them is started again
    attempts = [
        (operation, attempt)
        for operation in read_history(run.variant("redlock").history)
        for attempt in operation.attempts
        if operation.f == "buy" and begin_ns <= attempt.call_ns and attempt.return_ns <= end_ns
    ]
    fresh = [attempt for operation, attempt in attempts if operation.call_ns >= begin_ns]
    assert [attempt for attempt in fresh if attempt.status == 200] == []
    assert any((attempt.status, attempt.code) == (503, "unavailable") for _, attempt in attempts)


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


def test_the_plan_of_faults_stands_in_the_record(sell: Sell) -> None:
    _, run = sell("advisory", "restart_empty:valkey/one@1s")
    written = Path(run.run).read_text()
    assert '"fault": "restart_empty"' in written
    assert '"target": "valkey/one"' in written
    [record] = records(run)
    assert f'"{record.target}"' in written
