"""What an orchestrator does, in a world where nothing breaks."""

from __future__ import annotations

import pytest
from saga_world import World, chance, everybody


@pytest.mark.parametrize("seed", range(5))
async def test_every_kind_of_customer_ends_as_it_must(seed: int) -> None:
    world = World(chance(seed))
    expected = await everybody(world)
    worker = world.start("one")
    await world.settle()
    await world.stop()
    assert {kind: world.status(each.order_id) for kind, each in expected.items()} == {
        kind: each.status for kind, each in expected.items()
    }
    assert world.violations() == []
    assert worker.watcher.alarms == []
