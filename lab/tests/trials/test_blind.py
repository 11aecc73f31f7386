"""Trials on real servers: a mutant is caught, and a checker that went blind turns the same trial red."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from trivet_lab.checkers import Ruling, all_checkers
from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory
from trivet_lab.members import find_members
from trivet_lab.mutants import find_mutants
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.topologies import Shop
from trivet_lab.trials import Conclusion, Trial, Trials, Tried, all_trials, draw_matrix, exit_code
from trivet_platform import Supervisor

pytestmark = pytest.mark.long
OVERSELLS = find_mutants(lab_settings().root)["no_guard_no_check"]
SMALL = dataclasses.replace(
    OVERSELLS,
    arrangement=dataclasses.replace(
        OVERSELLS.arrangement, parameters={"items": 3, "stock": 5, "rate": 40, "duration": 2}
    ),
)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    base = tmp_path_factory.mktemp("trials")

    class Elsewhere(LabSettings):
        """The checkout's settings, with runs of their own."""

        @property
        def runs(self) -> Path:
            return base / "runs"

    settings = lab_settings()
    members = {"inventory": find_members(settings.root)["inventory"]}
    with Supervisor(base) as platform:
        shop = Shop(platform, members, lab="trials")
        shop.open()
        elsewhere = Elsewhere(root=settings.root, plain=True)
        yield Trials(elsewhere, shop, list(members.values()), 3, Console(plain=True))


def test_a_mutant_is_caught_and_the_unchanged_member_is_not(trials: Trials) -> None:
    control, trial = all_trials([SMALL])
    sound, caught = trials.attempt(control), trials.attempt(trial)
    assert (sound.conclusion, sound.caught) == (Conclusion.SOUND, ())
    assert caught.conclusion is Conclusion.CAUGHT
    assert set(SMALL.caught_by) <= set(caught.caught)
    assert exit_code([sound.conclusion, caught.conclusion]) == 0
    run = RunDirectory(trials._settings.runs / caught.run)
    assert "-WHERE id = $1 AND stock >= $2" in run.variant(SMALL.name).mutant.read_text()
    assert not (run.variant(SMALL.name).path / "mutant").exists(), "the copy is gone"
    assert '"mutant": "no_guard_no_check"' in run.run.read_text()


@pytest.mark.parametrize("blind", SMALL.caught_by)
def test_a_checker_that_sees_nothing_turns_it_red(trials: Trials, monkeypatch: pytest.MonkeyPatch, blind: str) -> None:
    monkeypatch.setattr(all_checkers()[blind], "finish", lambda _: Ruling("valid", "all is well"))
    tried = trials.attempt(Trial(SMALL.arrangement, SMALL))
    assert tried.conclusion is Conclusion.SURVIVED
    assert exit_code([tried.conclusion]) == 1
    assert any(f"✗ survived {blind}" in line for line in draw_matrix([tried]))


def test_a_harmless_one_that_does_harm_is_told(trials: Trials) -> None:
    wrong = dataclasses.replace(SMALL, caught_by=(), harmless="so it is said", both="no_guard_no_check")
    tried = trials.attempt(Trial(wrong.arrangement, wrong))
    assert tried.conclusion is Conclusion.HARMFUL
    assert "no_oversell invalid" in tried.reason


def test_one_that_cannot_be_started_breaks_its_own_trial_alone(trials: Trials) -> None:
    edit = dataclasses.replace(SMALL.edits[0], replace="WHERE nonsense")
    broken = dataclasses.replace(SMALL, name="broken", edits=(edit,))
    nowhere = dataclasses.replace(SMALL, arrangement=dataclasses.replace(SMALL.arrangement, faults="kill:nobody@1s"))
    tried: list[Tried] = [trials.attempt(Trial(each.arrangement, each)) for each in (nowhere, broken, SMALL)]
    assert [one.conclusion for one in tried][::2] == [Conclusion.BROKE, Conclusion.CAUGHT]
    assert "no part is called 'nobody'" in tried[0].reason
