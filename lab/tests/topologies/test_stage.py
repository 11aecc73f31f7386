from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.topologies import Stage, StageFailed


def stage(**pids: list[int]) -> Stage:
    programs: list[Any] = [SimpleNamespace(name=name, pids=alive) for name, alive in pids.items()]
    return Stage("advisory", "http://127.0.0.1:1", 0, programs, {}, {})


def test_a_replica_that_died_on_its_own_is_told() -> None:
    with pytest.raises(StageFailed, match=r"^second, third ended while the crowd was there"):
        stage(first=[11], second=[], third=[]).ensure_whole()


def test_a_stage_whose_replicas_live_is_whole() -> None:
    stage(first=[11], second=[12, 13]).ensure_whole()
