"""Messages are lost, doubled, late and out of order, on every way to every participant, and every order ends right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from saga_world import PACE, Adversary, AdverseParticipant, World, chance

from trivet_order.application.saga import SagaState
from trivet_order.domain import Stock

SEEDS = 40


async def a_crowd(world: World) -> None:
    """Let many order at once, for scarce stock and with little money, some of whom cancel."""
    random = world.random
    items: list[Stock] = [
        world.put_on_sale(f"item {n}", random.randint(0, 6), random.choice([0, 100, 700])) for n in range(3)
    ]
    for number in range(12):
        customer = f"customer {number}"
        world.give_money(customer, random.choice([0, 500, 5_000]))
        wanted: list[tuple[object, int]] = [
            (item, random.randint(1, 3)) for item in random.sample(items, random.randint(0, 2))
        ]
        if not wanted or random.randint(0, 1):
            seat = world.let_hold(customer, f"seat {number}", 300)
            if random.randint(1, 5) == 1:
                world.participants.seats.expire(seat)
            wanted.append((seat, 1))
        await world.order(customer, *wanted)  # type: ignore[arg-type]  # lines


async def run(random: Random, mischief: int, workers: int) -> tuple[World, Adversary]:
    """Run a crowd's checkouts to their end, under an adversary, with some workers at once."""
    adversary = Adversary(random, mischief)
    pace = replace(PACE, step_deadline_s=4.0)
    world = World(random, pace, lambda participant: AdverseParticipant(participant, adversary))
    await a_crowd(world)
    for number in range(workers):
        world.start(f"worker {number}")
    order_ids = list(world.memory.orders)
    for _ in range(10):
        await world.pass_time(random.choice([0.0, 0.01, 0.3, 2.0]))
        await world.pass_rounds(random.randint(0, 40))
        await world.cancel(random.choice(world.in_state(SagaState.CHARGING) or order_ids))
        if random.randint(1, 4) == 1:
            world.time.jump(2 * world.pace.lease_s)
    await world.settle()
    await world.stop()
    await adversary.deliver_all()
    return world, adversary


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_crowd_under_an_adversary(seed: int) -> None:
    world, _ = await run(chance(seed), mischief=80, workers=1 + seed % 3)
    assert world.violations() == []
    assert [alarm for worker in world.workers for alarm in worker.watcher.alarms] == []


async def test_the_adversary_does_what_it_is_for() -> None:
    """Each kind of mischief happens often, and each ambiguous ending is reached."""
    done: Counter[str] = Counter()
    endings: Counter[str] = Counter()
    for seed in range(SEEDS):
        world, adversary = await run(chance(seed), mischief=80, workers=2)
        done.update(adversary.done)
        for row in world.memory.sagas.rows.values():
            charging = [step.event for step in row.steps if step.state == "charging"]
            voiding = [step.event for step in row.steps if step.state == "voiding"]
            if "no answer" in charging and "charged" in charging:
                endings["unknown, then captured"] += 1
            if "already charged" in voiding:
                endings["to be voided, and captured"] += 1
            if "voided" in voiding:
                endings["voided"] += 1
            endings.update(step.event for step in row.steps)
    assert all(done[what] >= 10 for what in done), done
    assert len(done) == 7
    for ending in ("unknown, then captured", "to be voided, and captured", "voided", "refused", "declined", "deadline"):
        assert endings[ending] >= 3, (ending, endings)
