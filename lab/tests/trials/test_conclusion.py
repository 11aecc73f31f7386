"""What a trial comes to, and what the whole of them does."""

import dataclasses
from pathlib import Path

import pytest

from trivet_lab.evidence import Finding
from trivet_lab.mutants import Arrangement, Mutant
from trivet_lab.trials import Conclusion, all_trials, conclude, conclude_control, draw_sample, exit_code, named

HERE = Arrangement("inventory", "flash-sale", "advisory", "", {}, {})
THERE = dataclasses.replace(HERE, variant="redlock")
SEEN = Mutant("seen", "w", Path("t"), Path("f"), (), HERE, caught_by=("no_oversell", "no_defects"))
HARMLESS = dataclasses.replace(SEEN, name="harmless", caught_by=(), harmless="the guard holds", both="seen")
ELSEWHERE = dataclasses.replace(SEEN, name="elsewhere", arrangement=THERE)


def findings(**verdicts: str) -> list[Finding]:
    return [Finding(name, "r", "o", verdict) for name, verdict in verdicts.items()]


@pytest.mark.parametrize(
    ("verdicts", "conclusion"),
    [
        ({"no_oversell": "invalid", "no_defects": "invalid", "contention": "unknown"}, Conclusion.CAUGHT),
        ({"no_oversell": "invalid", "no_defects": "invalid", "refusals_legal": "invalid"}, Conclusion.CAUGHT),
        ({"no_oversell": "invalid", "no_defects": "valid"}, Conclusion.SURVIVED),
        ({"no_oversell": "valid", "no_defects": "unknown"}, Conclusion.SURVIVED),
        ({"no_oversell": "invalid", "no_defects": "unknown"}, Conclusion.INCONCLUSIVE),
        ({"no_oversell": "invalid", "no_defects": "valid", "faults_effective": "unknown"}, Conclusion.INCONCLUSIVE),
        ({"no_oversell": "invalid", "no_defects": "valid", "faults_effective": "valid"}, Conclusion.SURVIVED),
        ({"no_oversell": "invalid"}, Conclusion.INCONCLUSIVE),
    ],
)
def test_a_mutant_is_caught_only_by_all_that_have_to(verdicts: dict[str, str], conclusion: Conclusion) -> None:
    assert conclude(SEEN, findings(**verdicts)) is conclusion


@pytest.mark.parametrize(
    ("verdicts", "conclusion"),
    [
        ({"no_oversell": "valid", "contention": "valid"}, Conclusion.HARMLESS),
        ({"no_oversell": "valid", "contention": "unknown"}, Conclusion.INCONCLUSIVE),
        ({"no_oversell": "invalid", "contention": "unknown"}, Conclusion.HARMFUL),
    ],
)
def test_a_harmless_one_breaks_no_rule_and_leaves_none_open(verdicts: dict[str, str], conclusion: Conclusion) -> None:
    assert conclude(HARMLESS, findings(**verdicts)) is conclusion


@pytest.mark.parametrize(
    ("verdicts", "conclusion"),
    [
        ({"no_oversell": "valid", "generator_on_time": "unknown"}, Conclusion.SOUND),
        ({"no_oversell": "unknown", "generator_on_time": "valid"}, Conclusion.INCONCLUSIVE),
        ({"no_oversell": "valid", "fences_monotone": "invalid"}, Conclusion.UNSOUND),
    ],
)
def test_without_a_mutant_the_rules_that_catch_them_hold(verdicts: dict[str, str], conclusion: Conclusion) -> None:
    assert conclude_control({"no_oversell"}, findings(**verdicts)) is conclusion


@pytest.mark.parametrize(
    ("conclusions", "code"),
    [
        ([Conclusion.CAUGHT, Conclusion.HARMLESS, Conclusion.SOUND], 0),
        ([Conclusion.CAUGHT, Conclusion.SURVIVED, Conclusion.INCONCLUSIVE, Conclusion.BROKE], 1),
        ([Conclusion.HARMFUL], 1),
        ([Conclusion.CAUGHT, Conclusion.UNSOUND], 1),
        ([Conclusion.CAUGHT, Conclusion.INCONCLUSIVE], 2),
        ([Conclusion.INCONCLUSIVE, Conclusion.BROKE], 254),
        ([], 2),
    ],
)
def test_one_that_survived_outweighs_all_others(conclusions: list[Conclusion], code: int) -> None:
    assert exit_code(conclusions) == code


def test_each_arrangement_is_first_run_without_a_mutant() -> None:
    trials = all_trials([SEEN, ELSEWHERE, HARMLESS])
    assert [trial.name for trial in trials] == ["(unchanged)", "seen", "harmless", "(unchanged)", "elsewhere"]
    assert trials[0].needed == {"no_oversell", "no_defects"}


def test_a_sample_is_the_seeds_and_keeps_a_harmless_one_beside_its_proof() -> None:
    known = {mutant.name: mutant for mutant in (SEEN, HARMLESS, ELSEWHERE)}
    drawn = {tuple(mutant.name for mutant in draw_sample(known, seed, 3)) for seed in range(40)}
    assert drawn == {("seen", "harmless"), ("elsewhere",)}
    assert draw_sample(known, 7, 3) == draw_sample(known, 7, 3)
    assert len(draw_sample(known, 7)) == 3


def test_who_names_a_harmless_one_gets_its_proof_too() -> None:
    known = {mutant.name: mutant for mutant in (SEEN, HARMLESS, ELSEWHERE)}
    assert [mutant.name for mutant in named(known, ["harmless"])] == ["seen", "harmless"]
