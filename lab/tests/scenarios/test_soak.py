"""A soak's crowd and its schedule of faults, decided before anything starts; and a short one, for real."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter, defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from trivet_lab.cli import run as cli_run
from trivet_lab.cli.soak import soak
from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory, VariantDirectory, read_record, read_samples
from trivet_lab.faults import plan_faults
from trivet_lab.load import Plan
from trivet_lab.members import find_members
from trivet_lab.runner import Order, plan_order, record_order, run_order
from trivet_lab.scenarios import find_scenarios
from trivet_lab.scenarios.soak import SUPPLY_SHARE, Parameters, plan_of
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, link_names, part_names
from trivet_platform import Supervisor

SOAK = find_scenarios()["soak"]
MEMBERS = [find_members(lab_settings().root)["inventory"]]
PARTS = [*part_names(MEMBERS), *link_names(MEMBERS)]


def planned(**parameters: float) -> Plan:
    stage = SimpleNamespace(url="http://127.0.0.1:1", epoch_ns=0)
    cue = SimpleNamespace(stage=stage, seed=7, directory=VariantDirectory(Path("nowhere")), outage_s=6.5)
    return plan_of(cue, Parameters(**parameters))


@pytest.mark.parametrize("duration", [30, 45, 600, 3600])
def test_it_lasts_as_long_as_asked_at_the_rate_that_was_asked(duration: float) -> None:
    plan = planned(duration=duration, rate=20)
    assert plan.duration_s == pytest.approx(duration)
    wanted = sum(
        phase.duration_s * (phase.rate_per_s + (phase.rate_to_per_s or phase.rate_per_s)) / 2 for phase in plan.phases
    )
    assert wanted == pytest.approx(20 * duration)


def test_goods_arrive_all_along_and_are_never_enough() -> None:
    """So there is always something to sell, and to sell out: the two states in which a shop can be wrong."""
    plan = planned(duration=600, rate=20, items=8)
    times = sorted(restock.at_s for restock in plan.errand.restocks)
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 5
    assert times[0] <= 15
    assert times[-1] >= 590
    assert set(Counter(restock.item_id for restock in plan.errand.restocks).values()) == {19, 20}
    supply: defaultdict[str, int] = defaultdict(int, {item.id: item.stock for item in plan.errand.items})
    for restock in plan.errand.restocks:
        supply[restock.item_id] += restock.quantity
    demand = 20 * 600 * 1.23
    for item in plan.errand.items:
        share = supply[item.id] / (demand * item.weight / sum(item.weight for item in plan.errand.items))
        assert share == pytest.approx(SUPPLY_SHARE, rel=0.1)


def test_the_seed_repeats_the_schedule_of_faults_to_its_end() -> None:
    schedules = [plan_faults("nemesis", PARTS, seed, 600) for seed in range(20)]
    assert schedules == [plan_faults("nemesis", PARTS, seed, 600) for seed in range(20)]
    assert len({json.dumps([fault.parts for fault in schedule]) for schedule in schedules}) == 20
    for schedule in schedules:
        assert max(later.at_s - earlier.at_s for earlier, later in itertools.pairwise(schedule)) < 5
        assert 570 < schedule[-1].at_s < 580, "and the last seconds are left in peace"


def test_chance_breaks_no_link_that_a_strategy_does_not_use() -> None:
    """A fault that meets no traffic never takes effect, and makes the whole run unknown."""
    flash_sale = find_scenarios()["flash-sale"]
    variants = {variant.name: variant for variant in flash_sale.variants}

    def hit(scenario, names: list[str] | None) -> set[str]:
        run = None if names is None else [variants[name] for name in names]
        parameters = dataclasses.replace(scenario.parameters(), duration=600)
        planned = [plan_order(scenario, parameters, MEMBERS, seed, "nemesis", run) for seed in range(5)]
        return {part for faults in planned for fault in faults for part in fault.parts}

    for scenario in (SOAK, flash_sale):
        assert any("-to-valkey-" in part for part in hit(scenario, ["redlock"]))
        for names in (["advisory"], ["redlock", "advisory"], None):
            assert not any("-to-valkey-" in part for part in hit(scenario, names))
            assert {"valkey-1", "inventory-api-1-to-postgres"} <= hit(scenario, names), "the rest is broken as ever"
    asked = plan_order(
        SOAK, SOAK.parameters(), MEMBERS, 7, "reset:inventory-api-1-to-valkey-1@1s", [variants["advisory"]]
    )
    assert asked[0].parts == ["inventory-api-1-to-valkey-1"], "who asks for it by name gets it"


def test_the_command_soaks_one_guarded_strategy_under_the_nemesis(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def note(scenario, parameters, strategies, seed, faults, *, json) -> int:
        asked.append((scenario.name, parameters.duration, strategies, seed, faults, json))
        return 0

    monkeypatch.setattr("trivet_lab.cli.soak.run_scenario", note)
    assert soak() == 0
    assert soak(minutes=2.5, strategy="advisory", seed=7, json=True) == 0
    assert asked == [
        ("soak", 600, ["redlock"], None, "nemesis", False),
        ("soak", 150, ["advisory"], 7, "nemesis", True),
    ]


def test_no_strategy_that_oversells_is_soaked() -> None:
    assert [variant.name for variant in SOAK.variants] == ["advisory", "redlock"]
    with pytest.raises(cli_run.NoSuchStrategy):
        cli_run.chosen(SOAK, ["naive"])


@pytest.mark.long
def test_a_short_soak_holds_every_rule_and_counts_every_part(tmp_path: Path) -> None:
    parameters = Parameters(clients=60, rate=15, duration=90, items=5)
    faults = plan_faults("nemesis", PARTS, 7, parameters.duration)
    [variant] = [variant for variant in SOAK.variants if variant.name == "redlock"]
    order = Order(SOAK, parameters, [variant], 7, ["soak"], faults)
    path = tmp_path / "run"
    path.mkdir()
    run = RunDirectory(path)
    record_order(order, run, lab_settings())
    assert read_record(run.run).faults == faults
    with Supervisor(tmp_path / "platform") as platform:
        shop = Shop(platform, {member.name: member for member in MEMBERS}, lab="soak")
        shop.open()
        [result] = run_order(order, run, shop, MEMBERS, Console(plain=True)).variants
    said = {check.name: (check.verdict, check.observed) for check in result.checks if check.verdict != "valid"}
    assert result.verdict != "invalid", said
    assert "resources_flat" not in said, said
    assert result.figures["oversold"] == 0
    counted = {(sample.series, sample.label) for sample in read_samples(run.variant("redlock").samples)}
    labels = {"lab", "crowd", *part_names(MEMBERS)}
    for series in ("memory_bytes", "descriptors", "processes"):
        assert labels <= {label for name, label in counted if name == series}
