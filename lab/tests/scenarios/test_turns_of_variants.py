"""A variant is judged while the next one is put on stage, and never while its crowd is there."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from trivet_lab import runner
from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory, VariantResult
from trivet_lab.runner import Order, run_order
from trivet_lab.scenarios import find_scenarios

PATIENCE_S = 30


class Turns:
    """What happened in which order; a first judging goes on until the second variant is on stage."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._staged: list[str] = []
        self._second_is_up = threading.Event()

    @contextlib.contextmanager
    def stage(self, name: str, *_: Any, **__: Any) -> Iterator[Mock]:
        self._staged.append(name)
        self.seen.append(f"{name} is up")
        if len(self._staged) > 1:
            self._second_is_up.set()
        yield Mock(readers={}, epoch_ns=0)

    def play(self, cue: Any, parameters: Any) -> None:
        del cue, parameters
        self.seen.append(f"{self._staged[-1]} plays")

    def judge(self, directory: Any, planned: Any, *_: Any) -> VariantResult:
        del directory
        assert self._second_is_up.wait(PATIENCE_S), "nobody was put on stage while this was judged"
        self.seen.append(f"{planned.name} is judged")
        return Mock(spec=VariantResult)


def run_two(turns: Turns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Run two variants and return their names."""
    for name in ("collect_ledgers", "collect_topics", "collect_audits", "collect_events", "_keep_logs"):
        monkeypatch.setattr(runner, name, lambda *_: None)
    for name in ("summarise", "write_results", "render"):
        monkeypatch.setattr(runner, name, Mock())
    monkeypatch.setattr(runner, "judge_variant", turns.judge)
    known = find_scenarios()["double-spend"]
    scenario = dataclasses.replace(known, play=turns.play, figures=lambda _: {})
    first, second = scenario.variants[:2]
    order = Order(scenario, scenario.parameters(), [first, second], 1, ["run"])
    run_order(order, RunDirectory(tmp_path), Mock(stage=turns.stage), [], Console(plain=True))
    return first.name, second.name


def test_one_is_judged_while_the_next_is_put_on_stage_and_before_its_crowd_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns()
    first, second = run_two(turns, tmp_path, monkeypatch)
    assert turns.seen == [
        f"{first} is up",
        f"{first} plays",
        f"{second} is up",
        f"{first} is judged",
        f"{second} plays",
        f"{second} is judged",
    ]


def test_no_crowd_comes_to_a_run_whose_judging_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Turns):
        def judge(self, directory: Any, planned: Any, *more: Any) -> VariantResult:
            super().judge(directory, planned, *more)
            raise ZeroDivisionError

    turns = Broken()
    with pytest.raises(ZeroDivisionError):
        run_two(turns, tmp_path, monkeypatch)
    assert [what for what in turns.seen if what.endswith("plays")] == turns.seen[1:2]
