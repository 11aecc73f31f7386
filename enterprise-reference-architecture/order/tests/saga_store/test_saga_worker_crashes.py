"""Workers die and stand still at every moment between two effects; every order ends right afterwards."""

from __future__ import annotations

import asyncio

import pytest
from saga_shop import SagaShop

from trivet_order.failpoints import FAILPOINTS
from trivet_platform import Supervisor

MOMENTS = [name for name in FAILPOINTS if name.startswith("order.saga.")]


def test_the_worker_has_all_its_moments() -> None:
    assert {name.rpartition(".")[2] for name in MOMENTS} == {
        "after_claim",
        "before_record",
        "after_record",
        "before_send",
        "after_reply",
    }


async def test_a_worker_that_stood_still_past_its_lease_with_a_batch_in_hand_changes_nothing(
    supervisor: Supervisor, database_url: str
) -> None:
    async with SagaShop(supervisor, database_url, seed=1, cuts=0.0) as shop:
        await shop.sell(orders=30, umbrellas=20)
        sleeper = await shop.worker(TRIVET_FAILPOINTS="order.saga.before_record=pause:300000@4")
        await shop.tells(sleeper, "failpoint")
        other = await shop.worker()
        ended = await shop.drained()
        before = await shop.everything()
        sleeper.resume()
        await shop.tells(sleeper, "changes outdated")
        await shop.tells(sleeper, "lease lost")
        assert await shop.everything() == before
        assert await shop.drained() == ended
        assert {"Order Confirmed", "Order Cancelled"} == ended.keys()
        assert sleeper.pids
        assert other.pids


async def test_workers_die_with_what_is_done_unrecorded_and_another_one_goes_on(
    supervisor: Supervisor, database_url: str
) -> None:
    async with SagaShop(supervisor, database_url, seed=2) as shop:
        await shop.sell(orders=40, umbrellas=30)
        plans = ("order.saga.after_reply=kill@3", "order.saga.after_record=kill@3")
        victims = [await shop.worker(TRIVET_FAILPOINTS=plan) for plan in plans]
        await shop.change_minds(0.2)
        for victim in victims:
            await shop.died(victim)
        await shop.worker()
        ended = await shop.drained()
        assert ended["Order Confirmed"] > 0
        assert [line["action"] for victim in victims for line in shop.told(victim)] == ["kill", "kill"]


@pytest.mark.long
@pytest.mark.parametrize("hit", [1, 3, 7])
@pytest.mark.parametrize("name", MOMENTS)
async def test_a_worker_that_dies_at_a_moment_loses_nothing(
    name: str, hit: int, supervisor: Supervisor, database_url: str
) -> None:
    async with SagaShop(supervisor, database_url, seed=hit) as shop:
        await shop.sell(orders=40, umbrellas=30)
        victim = await shop.worker(TRIVET_FAILPOINTS=f"{name}=kill@{hit}")
        await shop.change_minds(0.2)
        await shop.died(victim)
        (line,) = shop.told(victim)
        assert (line["name"], line["action"], line["hit"]) == (name, "kill", hit)
        await shop.worker()
        assert (await shop.drained())["Order Confirmed"] > 0


@pytest.mark.long
@pytest.mark.parametrize("name", MOMENTS)
async def test_a_worker_that_stood_still_at_a_moment_does_no_harm(
    name: str, supervisor: Supervisor, database_url: str
) -> None:
    async with SagaShop(supervisor, database_url, seed=3) as shop:
        await shop.sell(orders=40, umbrellas=30)
        sleeper = await shop.worker(TRIVET_FAILPOINTS=f"{name}=pause:300000@3")
        await shop.tells(sleeper, "failpoint")
        other = await shop.worker()
        await shop.change_minds(0.3)
        await shop.drained()
        sleeper.resume()
        await shop.tells(sleeper, "lease lost")
        await shop.drained()
        assert sleeper.pids, "it goes on"
        assert other.pids


@pytest.mark.long
async def test_a_worker_fails_at_every_moment_and_goes_on(supervisor: Supervisor, database_url: str) -> None:
    async with SagaShop(supervisor, database_url, seed=4) as shop:
        await shop.sell(orders=60, umbrellas=50)
        plan = ",".join(f"{name}=error@{hit}" for hit, name in enumerate(MOMENTS, start=2))
        worker = await shop.worker(TRIVET_FAILPOINTS=plan)
        await shop.tells(worker, "failpoint", len(MOMENTS))
        await shop.drained()
        assert len(shop.told(worker, "checking out failed")) == len(MOMENTS)


@pytest.mark.long
async def test_a_worker_that_is_told_to_end_gives_its_shards_back(supervisor: Supervisor, database_url: str) -> None:
    async with SagaShop(supervisor, database_url, seed=5, cuts=0.0) as shop:
        first = await shop.worker(TRIVET_ORDER_SAGA_LEASE_MS="60000")
        await shop.tells(first, "serving")
        await shop.sell(orders=40, umbrellas=30)
        await asyncio.to_thread(first.stop)
        assert shop.told(first, "stopped")
        await shop.sell(orders=10, umbrellas=10)
        await shop.worker(TRIVET_ORDER_SAGA_LEASE_MS="60000")
        await shop.drained()


@pytest.mark.long
async def test_workers_share_what_there_is_to_do(supervisor: Supervisor, database_url: str) -> None:
    async with SagaShop(supervisor, database_url, seed=6, cuts=0.2) as shop:
        await shop.sell(orders=200, umbrellas=150)
        for _ in range(3):
            await shop.worker()
        await shop.change_minds(0.3)
        ended = await shop.drained()
        assert ended["Order Confirmed"] > 0
        events = await shop.events()
        assert events["no answer"] > 0
        assert shop.server.cut_behind > 0
