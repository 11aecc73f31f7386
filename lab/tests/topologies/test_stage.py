from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.topologies import Shop, Stage, StageFailed
from trivet_platform import Conditions, Supervisor


def stage(**pids: list[int]) -> Stage:
    programs: list[Any] = [SimpleNamespace(name=name, pids=alive) for name, alive in pids.items()]
    return Stage("advisory", "http://127.0.0.1:1", 0, programs, {}, {})


def test_a_replica_that_died_on_its_own_is_told() -> None:
    with pytest.raises(StageFailed, match=r"^second, third ended while the crowd was there"):
        stage(first=[11], second=[], third=[]).ensure_whole()


def test_a_stage_whose_replicas_live_is_whole() -> None:
    stage(first=[11], second=[12, 13]).ensure_whole()


def test_a_shared_part_is_started_again_only_if_its_conditions_change(tmp_path: Path) -> None:
    """And a stage that asks for nothing finds it as ever: conditions do not outlive their stage's successor."""
    under = {"postgres": Conditions({"TRIVET_TEST": "1"})}
    leaders = []
    with Supervisor(tmp_path) as platform:
        shop = Shop(platform, {}, lab="conditions")
        shop.open()
        for conditions in ({}, under, under, {}):
            shop._prepare(conditions)
            assert shop.postgres.blocker() is None
            assert shop.postgres.conditions == conditions.get("postgres", Conditions())
            leaders.append(shop.postgres.pids[0])
    plain, first, second, last = leaders
    assert plain != first == second != last
