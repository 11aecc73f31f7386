"""A scenario may bring faults of its own; what a person asks for replaces them."""

from __future__ import annotations

import dataclasses

import pytest

from trivet_lab.faults import FaultError, find_faults
from trivet_lab.members import Member, find_members
from trivet_lab.mutants import find_mutants
from trivet_lab.runner import plan_order
from trivet_lab.scenarios import Scenario, find_scenarios
from trivet_lab.settings import lab_settings

KNOWN = find_members(lab_settings().root)
SCENARIOS = find_scenarios()
PAUSED, FLASH = SCENARIOS["paused-holder"], SCENARIOS["flash-sale"]
PAUSE = "inventory.purchase.before_write=pause:3000@1"


def members_of(scenario: Scenario) -> list[Member]:
    return [KNOWN[name] for name in scenario.members]


def planned(scenario: Scenario, words: str | None) -> list[tuple[str, str, str]]:
    faults = plan_order(scenario, scenario.parameters(), members_of(scenario), 7, words)
    return [(fault.fault, fault.argument, fault.target) for fault in faults]


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_word_a_scenario_breaks_what_it_is_about(nothing: str | None) -> None:
    assert planned(PAUSED, nothing) == [("failpoint", PAUSE, "inventory-api-1")]
    assert planned(FLASH, nothing) == []


def test_what_a_person_asks_for_replaces_it() -> None:
    assert planned(PAUSED, "kill:postgres@1s") == [("kill", "", "postgres")]


def test_what_cannot_be_done_is_told() -> None:
    with pytest.raises(FaultError, match="no part is called 'nobody'"):
        planned(dataclasses.replace(PAUSED, faults="kill:nobody@1s"), None)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_a_scenarios_faults_fit_its_own_crowd_and_its_chapter(scenario: Scenario) -> None:
    sizes = [scenario.parameters(), *([scenario.chapter.parameters] if scenario.chapter else [])]
    for parameters in sizes:
        faults = plan_order(scenario, parameters, members_of(scenario), 7)
        assert {fault.fault for fault in faults} <= set(find_faults())
        assert bool(faults) == bool(scenario.faults)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_the_defect_of_a_variant_is_one_of_the_tables_and_is_caught_as_it_says(scenario: Scenario) -> None:
    mutants = find_mutants(lab_settings().root)
    for variant in scenario.variants:
        if variant.mutant:
            assert variant.breaks == set(mutants[variant.mutant].caught_by)
            assert (variant.expected, variant.lab) == ("invalid", True)
