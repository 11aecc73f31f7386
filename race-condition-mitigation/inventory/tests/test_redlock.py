"""What becomes of a purchase when its lease does not last, or its masters are away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from trivet_chassis import Unavailable
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.errors import LockIsBusy
from trivet_inventory.metrics import Metrics
from trivet_inventory.purchases import Checkout, Order
from trivet_inventory.strategies.redlock import Redlock
from trivet_locks import MemoryNode
from trivet_locks import Redlock as Quorum
from trivet_platform import free_port

Sell = Callable[[Inventory, int], Awaitable[str]]
TTL_MS = 5000


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = 1

    def __call__(self) -> int:
        return self.now_ns

    def pass_the_ttl(self) -> None:
        """Go on as a process does that was paused for longer than its lease."""
        self.now_ns += TTL_MS * 1_000_000


def checkout_on(clock: Clock, inventory: Inventory) -> Checkout:
    strategy = Redlock(Quorum([MemoryNode("only")], clock=clock), TTL_MS)
    return Checkout(inventory.database, strategy, Metrics(CollectorRegistry(), strategy.name))


def test_a_lease_that_ran_out_before_commit_rolls_everything_back(
    open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    record = Checkout._record

    async def paused_after_recording(*arguments: Any) -> None:
        await record(*arguments)
        clock.pass_the_ttl()

    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 3)
            checkout = checkout_on(clock, inventory)
            order = Order("anonymous", f"{item_id}-k", item_id, 1)
            with monkeypatch.context() as patch:
                patch.setattr(Checkout, "_record", paused_after_recording)
                with pytest.raises(LockIsBusy, match="ran out before COMMIT") as refused:
                    await checkout.buy(order)
            assert refused.value.definite is True
            assert (await inventory.catalogue.get(item_id))["stock"] == 3
            answer = await checkout.buy(order)
            assert (answer.status, answer.replayed) == (200, False)

    asyncio.run(scenario())


def test_a_holder_that_was_paused_before_its_fence_reads_nothing(
    open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    acquire = Quorum.acquire

    async def paused_after_acquiring(*arguments: Any, **words: Any) -> Any:
        lease = await acquire(*arguments, **words)
        clock.pass_the_ttl()
        return lease

    monkeypatch.setattr(Quorum, "acquire", paused_after_acquiring)

    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 3)
            with pytest.raises(LockIsBusy, match="before the item was read"):
                await checkout_on(clock, inventory).buy(Order("anonymous", None, item_id, 1))

    asyncio.run(scenario())


def test_a_held_lock_turns_the_next_buyer_away_and_is_released_after_commit(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 3)
            order = Order("anonymous", f"{item_id}-k", item_id, 1)
            async with (
                open_shop("redlock") as replica,
                inventory.database.unit() as other,
                inventory.strategy.admit(other.connection, item_id),
            ):
                for shop in (inventory, replica):
                    with pytest.raises(LockIsBusy) as refused:
                        await shop.checkout.buy(order)
                    assert (refused.value.kind.status, refused.value.retry_after_s) == (429, 1)
            assert (await inventory.checkout.buy(order)).status == 200

    asyncio.run(scenario())


def test_without_a_quorum_nothing_is_sold_and_readiness_names_it(
    open_shop: Any, sell: Sell, valkeys: Callable[[int], list[str]]
) -> None:
    away = [f"redis://127.0.0.1:{free_port()}/0" for _ in range(3)]
    two_of_five = (*valkeys(2), *away)

    async def scenario() -> None:
        async with open_shop("redlock", valkey_urls=two_of_five) as inventory:
            item_id = await sell(inventory, 3)
            with pytest.raises(Unavailable) as refused:
                await inventory.checkout.buy(Order("anonymous", f"{item_id}-k", item_id, 1))
            assert refused.value.definite is True
            checks = await inventory.health.look()
            assert checks["database"] is None
            assert "too few nodes answered" in str(checks["redlock"])
            assert (await inventory.catalogue.get(item_id))["stock"] == 3

    asyncio.run(scenario())


def test_a_pool_in_full_use_is_no_outage(open_shop: Any) -> None:
    async def scenario() -> None:
        async with open_shop("redlock", pool_connections_max=1) as inventory, inventory.database.unit():
            assert await inventory.health.look() == {"database": None, "redlock": None}

    asyncio.run(scenario())
