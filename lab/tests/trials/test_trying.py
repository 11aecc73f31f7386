"""What a trial starts, decided before anything starts: the scenario's members, and settings for one of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.console import Console
from trivet_lab.members import Member, find_members
from trivet_lab.mutants import Arrangement, MutantError
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.trials import Trial, Trials

INVENTORY = find_members(lab_settings().root)["inventory"]
OTHER = dataclasses.replace(INVENTORY, name="other")
ARRANGED = Arrangement("inventory", "flash-sale", "advisory", "", {"TRIVET_INVENTORY_X": "1"}, {"stock": 3})


def trials_of(path: Path, *members: Member) -> Any:
    shop: Any = None  # nothing is started
    return Trials(LabSettings(root=path, plain=True), shop, members, 3, Console(plain=True))


def test_settings_are_of_the_service_that_is_started_and_of_no_other_on_stage(tmp_path: Path) -> None:
    advisory = next(each for each in find_scenarios()["flash-sale"].variants if each.name == "advisory")
    variant = trials_of(tmp_path, INVENTORY, OTHER)._variant(Trial(ARRANGED), advisory)
    assert variant.settings == {
        "inventory": {"TRIVET_INVENTORY_STRATEGY": "advisory", "TRIVET_INVENTORY_X": "1"},
    }
    assert advisory.settings == {"inventory": {"TRIVET_INVENTORY_STRATEGY": "advisory"}}


def test_a_shop_open_for_two_members_puts_those_on_stage_that_the_scenario_names(tmp_path: Path) -> None:
    trials = trials_of(tmp_path, INVENTORY, OTHER)
    assert trials._needed_by(find_scenarios()["flash-sale"]) == [INVENTORY]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts": "other"}, "flash-sale does not use other"),
        ({"scenario": "none"}, "there is no scenario none"),
        ({"variant": "none"}, "flash-sale has no variant none"),
        ({"parameters": {"tickets": 1}}, "flash-sale: .*tickets"),
    ],
)
def test_what_cannot_be_arranged_is_told(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MutantError, match=sentence):
        trials_of(tmp_path, INVENTORY)._arranged(dataclasses.replace(ARRANGED, **changes))
