"""The tour takes each scenario's chapter as the scenario is: its variants, its sizes and what it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trivet_lab.cli import tour as module
from trivet_lab.cli.tour import Tour, chapters
from trivet_lab.console import Console
from trivet_lab.evidence import VariantResult, Verdict, read_record
from trivet_lab.members import find_members
from trivet_lab.runner import Order
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.verdict import summarise


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """Return the orders of a whole tour, of which none was carried out."""
    found: list[Order] = []

    def take(order: Order, *_: Any) -> Any:
        found.append(order)
        raise RuntimeError("the shop is closed")

    root = lab_settings().root
    monkeypatch.setattr(module, "run_order", take)
    monkeypatch.setattr(module, "find_members", lambda _: find_members(root))
    tour = Tour(LabSettings(root=tmp_path, plain=True), 7, Console(plain=True))
    for scenario, chapter in chapters():
        tour._chapter(scenario, chapter, None)  # type: ignore[arg-type]  # no shop is needed to take an order
    assert len(tour.broken) == len(found)
    return found


def test_the_paused_holder_comes_second_and_brings_its_pause(orders: list[Order], tmp_path: Path) -> None:
    assert [order.scenario.name for order in orders[:2]] == ["flash-sale", "paused-holder"]
    assert all(bool(order.faults) == bool(order.scenario.faults) for order in orders)
    [fault] = orders[1].faults
    assert (fault.fault, fault.parts) == ("failpoint", ["inventory-api-1"])
    assert {"faults_effective", "available_after_heal"} <= set(orders[1].checkers)
    [run] = (tmp_path / ".trivet" / "runs").glob("*-paused-holder-7")
    assert read_record(run / "run.json").faults == [fault]


def test_a_chapter_has_all_variants_of_its_scenario(orders: list[Order]) -> None:
    assert all(list(order.variants) == list(order.scenario.variants) for order in orders)


def result(name: str, expected: Verdict, verdict: Verdict) -> VariantResult:
    nothing: Any = None  # is told of its crowd
    return VariantResult(name, verdict, expected, [], {}, 0.0, nothing, nothing, as_expected=verdict == expected)


@pytest.mark.parametrize(
    ("verdicts", "seeds", "code"),
    [
        ([("invalid", "valid")], [7], 0),
        ([("invalid", "unknown"), ("invalid", "valid")], [7, 8], 0),
        ([("unknown", "valid"), ("unknown", "valid")], [7, 8], 2),
        ([("unknown", "invalid")], [7], 1),
        ([("valid", "valid")], [7], 1),
    ],
)
def test_a_chapter_of_which_nothing_is_known_is_played_once_more(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdicts: list[tuple[Verdict, Verdict]],
    seeds: list[int],
    code: int,
) -> None:
    played: list[int] = []

    def play(order: Order, *_: Any) -> Any:
        naive, guarded = verdicts[len(played)]
        played.append(order.seed)
        variants = [result("naive", "invalid", naive), result("guarded", "valid", guarded)]
        return summarise("run", order.scenario.name, variants)

    monkeypatch.setattr(module, "run_order", play)
    tour = Tour(LabSettings(root=tmp_path, plain=True), 7, Console(plain=True))
    scenario, chapter = chapters()[0]
    root = lab_settings().root
    monkeypatch.setattr(module, "find_members", lambda _: find_members(root))
    tour._chapter(scenario, chapter, None)  # type: ignore[arg-type]  # no shop is needed for a result that is given
    assert played == seeds
    assert len(tour.finished) == 1
    assert tour.code() == code
