"""Nothing is sold twice, and each guard is taken away once to see what it was good for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
import pytest

from trivet_inventory.bootstrap import Inventory
from trivet_inventory.database import Connection
from trivet_inventory.errors import LockIsBusy
from trivet_inventory.purchases import Order
from trivet_inventory.sql import statement
from trivet_inventory.strategies import Sold, SoldOut
from trivet_inventory.strategies.advisory import Advisory
from trivet_inventory.strategies.naive import Naive
from trivet_inventory.strategies.redlock import Held
from trivet_locks import MemoryNode, Redlock

Sell = Callable[[Inventory, int], Awaitable[str]]
GUARDED = ("advisory", "redlock")


class Meeting:
    """A connection whose reader meets the other readers between reading and writing."""

    def __init__(self, connection: Connection, barrier: asyncio.Barrier) -> None:
        self._connection = connection
        self._barrier = barrier
        self._met = False

    async def _meet(self, result: Any) -> Any:
        if not self._met:
            self._met = True
            await self._barrier.wait()
        return result

    async def fetchval(self, *arguments: Any) -> Any:
        return await self._meet(await self._connection.fetchval(*arguments))

    async def fetchrow(self, *arguments: Any) -> Any:
        return await self._meet(await self._connection.fetchrow(*arguments))


async def sell_after_meeting(inventory: Inventory, barrier: asyncio.Barrier, sell: Any, item_id: str) -> Any:
    """Read, meet, write and commit: every seller has read before one writes."""
    async with inventory.database.unit() as unit:
        result = await sell(cast("Connection", Meeting(unit.connection, barrier)), item_id, 1)
        await unit.commit()
        return result


async def stock_of(inventory: Inventory, item_id: str) -> int:
    stock: int = (await inventory.catalogue.get(item_id))["stock"]
    return stock


@pytest.mark.parametrize("strategy", GUARDED)
def test_a_crowd_at_two_replicas_gets_what_there_is(strategy: str, open_shop: Any, sell: Sell) -> None:
    async def buyer(inventory: Inventory, item_id: str, number: int) -> int:
        """Try with one key until it is decided, as a client would."""
        while True:
            try:
                order = Order("anonymous", f"{item_id}-{number}", item_id, 1)
                return (await inventory.checkout.buy(order)).status
            except LockIsBusy:
                await asyncio.sleep(0)

    async def scenario() -> None:
        async with open_shop(strategy) as one, open_shop(strategy) as two:
            item_id = await sell(one, 7)
            told = await asyncio.gather(*(buyer((one, two)[n % 2], item_id, n) for n in range(24)))
            assert sorted(told) == [200] * 7 + [409] * 17
            assert await stock_of(one, item_id) == 0
            rows = await one.database.read(
                "SELECT item_version, stock_after, fence FROM purchases "
                "WHERE item_id = $1 AND outcome = 'purchased' ORDER BY item_version",
                item_id,
            )
            assert [(row["item_version"], row["stock_after"]) for row in rows] == [(n, 7 - n) for n in range(1, 8)]
            fences = [row["fence"] for row in rows if row["fence"] is not None]
            assert fences == sorted(set(fences))
            assert len(fences) == (7 if strategy == "redlock" else 0)

    asyncio.run(scenario())


def test_naive_sells_the_last_unit_to_everybody_who_read_it(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("naive") as inventory:
            item_id = await sell(inventory, 1)
            barrier = asyncio.Barrier(2)
            sold = await asyncio.gather(
                *(sell_after_meeting(inventory, barrier, Naive().sell, item_id) for _ in range(2))
            )
            assert sorted(each.stock for each in sold) == [-1, 0]
            assert await stock_of(inventory, item_id) == -1

    asyncio.run(scenario())


def test_without_lock_and_guard_the_constraint_still_refuses(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 1)
            barrier = asyncio.Barrier(2)
            sold = await asyncio.gather(
                *(sell_after_meeting(inventory, barrier, Naive().sell, item_id) for _ in range(2)),
                return_exceptions=True,
            )
            assert {type(each) for each in sold} == {Sold, asyncpg.CheckViolationError}
            assert await stock_of(inventory, item_id) == 0

    asyncio.run(scenario())


def test_without_the_lock_the_guard_alone_sells_what_there_is(open_shop: Any, sell: Sell) -> None:
    async def unlocked(inventory: Inventory, item_id: str) -> Sold | SoldOut:
        async with inventory.database.unit() as unit:
            result = await Advisory(0).sell(unit.connection, item_id, 1)
            await unit.commit()
            return result

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 3)
            results = await asyncio.gather(*(unlocked(inventory, item_id) for _ in range(10)))
            assert sum(isinstance(result, Sold) for result in results) == 3
            assert await stock_of(inventory, item_id) == 0

    asyncio.run(scenario())


async def held(node: str, fence: int) -> Held:
    """Return a holder that believes in its lease, whoever else does."""
    return Held(await Redlock([MemoryNode(node)]).acquire("item", ttl_ms=5000), fence)


def test_two_holders_that_both_read_are_told_apart_by_guard_and_fence(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 1)
            barrier = asyncio.Barrier(2)
            sellers = [(await held("a", 1)).sell, (await held("b", 2)).sell]
            results = await asyncio.gather(
                *(sell_after_meeting(inventory, barrier, seller, item_id) for seller in sellers),
                return_exceptions=True,
            )
            assert sum(isinstance(result, Sold) for result in results) == 1
            assert sum(isinstance(result, SoldOut | LockIsBusy) for result in results) == 1
            assert await stock_of(inventory, item_id) == 0

    asyncio.run(scenario())


def test_a_fence_that_is_compared_at_the_write_alone_oversells(open_shop: Any, sell: Sell) -> None:
    unguarded = statement("take_fenced").replace("stock >= $2 AND", "")
    assert unguarded != statement("take_fenced")

    def holder(fence: int) -> Any:
        async def take(connection: Connection, item_id: str, quantity: int) -> Any:
            assert await connection.fetchval("SELECT stock FROM items WHERE id = $1", item_id) == 1
            if fence == 2:
                await first_has_written.wait()
            row = await connection.fetchrow(unguarded, item_id, quantity, fence)
            first_has_written.set()
            return row

        return take

    async def scenario() -> None:
        async with open_shop("naive") as inventory:
            item_id = await sell(inventory, 1)
            barrier = asyncio.Barrier(2)
            rows = await asyncio.gather(
                *(sell_after_meeting(inventory, barrier, holder(fence), item_id) for fence in (1, 2))
            )
            assert [row["stock"] for row in rows] == [0, -1]

    first_has_written = asyncio.Event()
    asyncio.run(scenario())


def test_a_stale_holder_is_told_to_try_again_and_not_that_it_is_sold_out(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 5)
            stale, current = await held("a", 1), await held("b", 2)
            async with inventory.database.unit() as unit:
                assert isinstance(await current.sell(unit.connection, item_id, 1), Sold)
                await unit.commit()
            with pytest.raises(LockIsBusy, match="a later buyer"):
                async with inventory.database.unit() as unit:
                    await stale.sell(unit.connection, item_id, 1)
            assert await stock_of(inventory, item_id) == 4

    asyncio.run(scenario())
