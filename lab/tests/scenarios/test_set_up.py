"""A scene is set up under no limit of the scenario's own; the crowd, all of it, comes under it."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.console import Console
from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import Item, Phase, Plan, Sale
from trivet_lab.scenarios import find_scenarios, sale
from trivet_lab.scene import crowd
from trivet_lab.scene.cue import Cue
from trivet_lab.topologies import Stage, StageFailed
from trivet_platform import Limits, Rate

NARROW = Limits(subject=Rate(per_s=1, burst=1))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is done, in order, by a sale whose crowd is nobody."""
    done: list[Any] = []

    def nobody(_plan: Path) -> list[str]:
        done.append("crowd")
        return [sys.executable, "-c", ""]

    monkeypatch.setattr(sale, "request_json", lambda *_, **__: done.append("item"))
    monkeypatch.setattr(sale, "Sampler", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(crowd, "command", nobody)
    return done


def sold(path: Path, steps: list[Any], limits: Limits | None) -> None:
    directory = VariantDirectory(path / "variant").create()
    plan = Plan(
        seed=7,
        url="http://127.0.0.1:1",
        epoch_ns=0,
        clients=1,
        phases=[Phase("steady", 1, 1)],
        directory=str(directory.path),
        errand=Sale(items=[Item("a", 1), Item("b", 1)]),
    )
    stage: Any = SimpleNamespace(name="s", url=plan.url, tokens=lambda *_: {"staff": ""}, limit=steps.append)
    sale.sell(plan, Cue(stage, 7, directory, Console(plain=True), limits=limits))


def test_the_items_stand_before_anybody_is_limited_and_the_crowd_comes_after(tmp_path: Path, steps: list[Any]) -> None:
    sold(tmp_path, steps, NARROW)
    assert steps == ["item", "item", NARROW, "crowd"]


def test_where_a_scenario_has_no_limits_of_its_own_the_edge_is_left_as_it_is(tmp_path: Path, steps: list[Any]) -> None:
    sold(tmp_path, steps, None)
    assert steps == ["item", "item", "crowd"]


def test_a_stage_without_an_edge_says_that_it_limits_nobody() -> None:
    with pytest.raises(StageFailed, match="no edge"):
        Stage("s", "http://127.0.0.1:1", 0, [], {}, {}).limit(NARROW)


def test_a_flood_alone_has_limits_of_its_own() -> None:
    limited = {name for name, each in find_scenarios().items() if any(v.limits is not None for v in each.variants)}
    assert limited == {"flood"}
