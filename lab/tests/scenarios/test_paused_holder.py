"""The pause that beats a lock, with real processes: caught in the flow as it was drawn, and idle if it is too short."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory, VariantResult, read_faults
from trivet_lab.members import find_members
from trivet_lab.runner import Order, plan_order, record_order, run_order
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop
from trivet_platform import Supervisor

pytestmark = pytest.mark.long
SCENARIO = find_scenarios()["paused-holder"]
MEMBERS = [find_members(lab_settings().root)["inventory"]]
Play = Callable[..., tuple[VariantResult, RunDirectory]]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Return what plays one variant on a shop of this module."""
    base: Path = tmp_path_factory.mktemp("pause")
    numbers = itertools.count(1)
    with Supervisor(base) as platform:
        shop = Shop(platform, {member.name: member for member in MEMBERS}, lab="pause")
        shop.open()

        def run(name: str, faults: str | None = None) -> tuple[VariantResult, RunDirectory]:
            [variant] = [variant for variant in SCENARIO.variants if variant.name == name]
            parameters = SCENARIO.parameters()
            planned = plan_order(SCENARIO, parameters, MEMBERS, 7, faults)
            order = Order(SCENARIO, parameters, [variant], 7, ["run", SCENARIO.name], planned)
            path = base / f"run-{next(numbers)}"
            path.mkdir()
            directory = RunDirectory(path)
            record_order(order, directory, lab_settings())
            return run_order(order, directory, shop, MEMBERS, Console(plain=True)).variants[0], directory

        yield run


def said(result: VariantResult) -> dict[str, str]:
    return {check.name: check.observed for check in result.checks if check.verdict != "valid"}


def verdicts(result: VariantResult, *names: str) -> list[str]:
    return [check.verdict for check in result.checks if check.name in names]


def test_the_flow_as_it_was_drawn_sells_once_too_often(play: Play) -> None:
    result, run = play("as-drawn")
    assert (result.verdict, result.as_expected) == ("invalid", True), said(result)
    assert result.figures["oversold"] == 1
    assert result.figures["lock_overlaps"] > 0
    assert "-WHERE id = $1 AND stock >= $2 AND fence < $3" in run.variant("as-drawn").mutant.read_text()


def test_under_the_same_pause_guard_and_fence_hold(play: Play) -> None:
    result, run = play("redlock")
    assert (result.verdict, result.figures["oversold"]) == ("valid", 0), said(result)
    assert result.figures["lock_overlaps"] > 0
    [record] = read_faults(run.variant("redlock").faults)
    assert record.effective_ns is not None
    assert '"action":"pause:3000"' in record.evidence


def test_a_pause_within_the_lease_shows_nothing_and_says_so(play: Play) -> None:
    result, _ = play("redlock", "failpoint=inventory.purchase.before_write=pause:300@1:inventory-api-1@0s")
    assert set(verdicts(result, "faults_effective", "leases_exclusive")) == {"valid"}, said(result)
    assert verdicts(result, "leases_overlapped") == ["unknown"]
    assert result.verdict == "unknown"
    assert result.figures["lock_overlaps"] == 0
