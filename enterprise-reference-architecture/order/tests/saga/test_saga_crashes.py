"""A worker dies, or stands still, at every moment of its work; another goes on; and everything ends right.

The moments are those before and after each thing that a worker does to the world: a claim, a record, a call, a renewal
of leases, and its failpoints. They are counted in a run where nothing breaks; then each breaks once.
"""

from __future__ import annotations

import pytest
from saga_world import Adversary, AdverseParticipant, Gate, World, chance, everybody
from saga_world.world import PACE

PARTS = 4


async def moments(seed: int) -> list[str]:
    """Return every moment of a worker that nothing happens to."""
    world = World(chance(seed))
    await everybody(world)
    worker = world.start("one")
    await world.settle()
    await world.stop()
    return worker.gate.passed


async def test_the_moments_are_there() -> None:
    found = await moments(1)
    assert len(found) > 60
    assert set(found) == {
        "before a claim",
        "after a claim",
        "before a record",
        "after a record",
        "before leases are taken",
        "after leases are taken",
        "before leases are rebalanced",
        "after leases are rebalanced",
        "before leases are renewed",
        "after leases are renewed",
        "before Inventory is asked",
        "after Inventory has answered",
        "before Reservation is asked",
        "after Reservation has answered",
        "before the wallet is asked",
        "after the wallet has answered",
        "order.saga.after_claim",
        "order.saga.before_record",
        "order.saga.after_record",
        "order.saga.before_send",
        "order.saga.after_reply",
    }


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("heir", ["another", "itself"])
async def test_a_worker_dies_at_each_moment(part: int, heir: str) -> None:
    for moment in range(1 + part, len(await moments(1)) + 1, PARTS):
        world = World(chance(1))
        expected = await everybody(world)
        dying = world.start("one", Gate(dies_at=moment))
        await world.until_dead(dying)
        world.start("two" if heir == "another" else "one")
        await world.settle()
        await world.stop()
        assert world.violations() == [], f"it died at moment {moment}, {dying.gate.passed[-1]}"
        for kind, each in expected.items():
            assert world.status(each.order_id) == each.status, f"{kind}, it died at {dying.gate.passed[-1]}"


@pytest.mark.parametrize("part", range(PARTS))
async def test_a_worker_stands_still_past_its_lease_at_each_moment(part: int) -> None:
    """All its calls stand still, its leases end, another one does everything; then it goes on, and changes nothing."""
    for moment in range(1 + part, len(await moments(1)) + 1, PARTS):
        world = World(chance(1))
        expected = await everybody(world)
        standing = world.start("one", Gate(stands_at=moment))
        await world.until_standing(standing)
        world.time.jump(2 * PACE.lease_s)
        world.start("two")
        await world.settle()
        steps = {each.order_id: world.history(each.order_id) for each in expected.values()}
        standing.gate.go_on()
        await world.stop()
        assert world.violations() == [], f"it stood still at moment {moment}, {standing.gate.passed[-1]}"
        assert steps == {order_id: world.history(order_id) for order_id in steps}
        for kind, each in expected.items():
            assert world.status(each.order_id) == each.status, f"{kind}, it stood still at moment {moment}"


@pytest.mark.parametrize("seed", range(12))
async def test_workers_die_again_and_again_under_an_adversary(seed: int) -> None:
    random = chance(seed)
    adversary = Adversary(random, mischief=40)
    world = World(random, wrap=lambda participant: AdverseParticipant(participant, adversary))
    expected = await everybody(world)
    for number in range(8):
        dying = world.start(f"worker {number % 3}", Gate(dies_at=random.randint(1, 60)))
        await world.until_dead(dying)
        if random.randint(0, 1):
            await world.cancel(random.choice(list(expected.values())).order_id)
    world.start("the last")
    await world.settle()
    await world.stop()
    await adversary.deliver_all()
    assert world.violations() == []
