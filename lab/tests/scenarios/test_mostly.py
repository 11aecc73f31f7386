"""What most of a crowd is up to: a person names it, and what nobody knows is refused before anything starts."""

from __future__ import annotations

import typing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import Trips, Turns, Ways
from trivet_lab.scenarios import checkout, orders, seat_rush
from trivet_lab.scenarios.mostly import SHARE, known, leaning

LEANING: list[tuple[Any, str, type[msgspec.Struct], str]] = [
    (orders, "turns", Turns, "cancel,double"),
    (seat_rush, "ways", Ways, "late,undo"),
    (checkout, "trips", Trips, "race,late"),
]
"""Each scenario, where its errand has the weights, what they are, and what a person may ask for."""


def weights_of(scenario: Any, field: str, **asked: str) -> dict[str, float]:
    """Return the weights of the crowd that a scenario would send."""
    program = SimpleNamespace(listen="127.0.0.1:2")
    stage = SimpleNamespace(url="http://127.0.0.1:1", epoch_ns=0, programs=[program])
    cue: Any = SimpleNamespace(stage=stage, seed=7, directory=VariantDirectory(Path("nowhere")), outage_s=0)
    errand = scenario.plan_of(cue, scenario.Parameters(**asked)).errand
    return msgspec.structs.asdict(getattr(errand, field))


@pytest.mark.parametrize(("scenario", "field", "kind", "words"), LEANING)
def test_most_of_a_crowd_does_what_is_asked_for_and_the_rest_as_usual(
    scenario: Any, field: str, kind: type[msgspec.Struct], words: str
) -> None:
    usual = msgspec.structs.asdict(kind())
    assert weights_of(scenario, field) == usual
    weights, wanted = weights_of(scenario, field, mostly=words), set(words.split(","))
    assert SHARE < sum(weights[name] for name in wanted) / sum(weights.values()) < 0.95
    assert all(weights[name] == usual[name] for name in usual.keys() - wanted)


@pytest.mark.parametrize(("scenario", "field", "kind", "words"), LEANING)
def test_the_command_line_refuses_what_a_scenario_does_not_know(
    scenario: Any, field: str, kind: type[msgspec.Struct], words: str
) -> None:
    [parameter] = typing.get_type_hints(scenario.Parameters, include_extras=True)["mostly"].__metadata__
    [refuse] = parameter.validator
    refuse(str, words)
    refuse(str, "")
    first = msgspec.structs.fields(kind)[0].name
    with pytest.raises(ValueError, match=f"there is no {field.removesuffix('s')} latte: there are {first}, "):
        refuse(str, f"{words},latte")


def test_who_says_a_word_twice_means_it_once() -> None:
    assert leaning(Turns(), "look,,look") == leaning(Turns(), "look")
    known(Turns, "turn")(str, "look,,look")
