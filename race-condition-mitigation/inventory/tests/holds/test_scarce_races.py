"""Many replicas hold, pin, sell, give back, sweep and buy one scarce item at once: nothing is sold twice or lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from trivet_chassis import Answer
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.errors import LockIsBusy
from trivet_inventory.holds import Confirm, HoldStock, Name, Pin, Release, Wanted, rows
from trivet_inventory.holds.desk import POISON
from trivet_inventory.purchases import Order

Sell = Callable[[Inventory, int], Awaitable[str]]
run = asyncio.run
REPLICAS, CROWD, STOCK = 3, 60, 25
CHAIN = """
SELECT item_version, -quantity AS change, stock_after FROM purchases WHERE item_id = $1 AND outcome = 'purchased'
UNION ALL SELECT item_version, quantity, stock_after FROM restocks WHERE item_id = $1
UNION ALL SELECT item_version, CASE kind WHEN 'held' THEN -quantity ELSE quantity END, stock_after
          FROM stock_moves WHERE item_id = $1
ORDER BY item_version
"""
UNITS = """
SELECT h.state, sum(line.quantity)::bigint AS units
FROM stock_holds AS h, jsonb_to_recordset(h.lines) AS line (item_id text, quantity bigint)
WHERE line.item_id = $1
GROUP BY h.state
"""


async def buy(inventory: Inventory, item_id: str, number: int) -> int:
    """Buy with one key until it is decided, and return how many units that was."""
    while True:
        try:
            answer = await inventory.checkout.buy(Order("anonymous", f"{item_id}-{number}", item_id, 1))
            return int(answer.status == 200)
        except LockIsBusy:
            await asyncio.sleep(0)


async def order(inventory: Inventory, item_id: str, number: int, chance: random.Random) -> None:
    """Hold and pin in one batch, as a checkout does, or one after the other; then end it somehow."""
    name, order_id = Name("alice", f"{item_id}:{number}"), f"o{number}"
    hold = HoldStock(name, (Wanted(item_id, chance.choice((1, 1, 2))),))
    ending = chance.choice((Confirm(name, order_id), Release(name, order_id), Release(name), None))
    if chance.random() < 0.5:
        await inventory.stock_desk.many([hold, Pin(name, order_id)])
    else:
        await inventory.stock_desk.one(hold)
        if chance.random() < 0.3:
            await make_due(inventory, name)
        await inventory.stock_desk.one(Pin(name, order_id))
    if ending is not None:
        await inventory.stock_desk.one(ending)


async def make_due(inventory: Inventory, *names: Name) -> None:
    async with inventory.database.unit() as unit:
        await unit.connection.execute(
            "UPDATE stock_holds SET due_at = clock_timestamp() WHERE due_at IS NOT NULL AND hold_id = ANY ($1::text[])",
            [name.id for name in names],
        )
        await unit.commit()


async def audited(inventory: Inventory, item_id: str) -> Counter[str]:
    """Look whether the chain of versions is whole and everything adds up, and return units by what became of them."""
    item = (await inventory.database.read("SELECT * FROM items WHERE id = $1", item_id))[0]
    stock = item["initial_stock"]
    for number, row in enumerate(await inventory.database.read(CHAIN, item_id), 1):
        stock += row["change"]
        assert (row["item_version"], row["stock_after"]) == (number, stock)
        assert stock >= 0
    assert (item["stock"], item["item_version"]) == (stock, number)
    bought = await inventory.database.read(
        "SELECT coalesce(sum(quantity), 0)::bigint AS units FROM purchases "
        "WHERE item_id = $1 AND outcome = 'purchased'",
        item_id,
    )
    units = Counter({row["state"]: row["units"] for row in await inventory.database.read(UNITS, item_id)})
    units["bought"] = bought[0]["units"]
    assert stock + units["held"] + units["pinned"] + units["sold"] + units["bought"] == item["initial_stock"]
    return units


@pytest.mark.parametrize("strategy", ["advisory", "redlock"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowd_at_one_item_is_never_oversold(strategy: str, seed: int, open_shop: Any, sell: Sell) -> None:
    chance = random.Random(seed)  # noqa: S311  - lots, not secrets

    async def sweeping(inventory: Inventory, done: asyncio.Event) -> None:
        while not done.is_set():
            await inventory.sweeper.sweep()
            await asyncio.sleep(0.005)

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            # A crowd that spins at five masters makes a slow machine's queues long: at the row, and for a connection.
            limits = {"statement_timeout_ms": 30_000, "pool_wait_ms": 30_000, "pool_connections_max": 6}
            patient = [open_shop(strategy, **limits) for _ in range(REPLICAS)]
            shops = [await stack.enter_async_context(each) for each in patient]
            item_id = await sell(shops[0], STOCK)
            done = asyncio.Event()
            sweeps = [asyncio.create_task(sweeping(shop, done)) for shop in shops]
            crowd: list[Awaitable[Any]] = []
            for number in range(CROWD):
                shop = shops[number % REPLICAS]
                crowd.append(buy(shop, item_id, number) if number % 4 == 0 else order(shop, item_id, number, chance))
            await asyncio.gather(*crowd)
            done.set()
            await asyncio.gather(*sweeps)
            assert (await audited(shops[0], item_id))["sold"] > 0
            left = await shops[0].database.read(
                "SELECT hold_id FROM stock_holds WHERE hold_id LIKE $1 AND state = 'held'", f"{item_id}:%"
            )
            await make_due(shops[0], *(Name("alice", row["hold_id"]) for row in left))
            swept = await asyncio.gather(*(shop.sweeper.sweep() for shop in shops))
            assert sum(swept) == len(left)
            assert (await audited(shops[0], item_id))["held"] == 0

    run(scenario())


def test_one_new_id_asked_for_at_once_is_one_hold(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as one, open_shop("advisory") as two:
            item_id = await sell(one, 20)
            name = Name("alice", f"{item_id}:h")
            both = [HoldStock(name, (Wanted(item_id, 2),)), Pin(name, "o1")]
            told = await asyncio.gather(*((one, two)[n % 2].stock_desk.many(both) for n in range(10)))
            for place in range(2):
                answers = [each[place] for each in told]
                assert len({answer.body for answer in answers if isinstance(answer, Answer)}) == 1
                assert Counter(answer.replayed for answer in answers if isinstance(answer, Answer)) == {
                    False: 1,
                    True: 9,
                }
            assert await audited(one, item_id) == Counter(pinned=2, bought=0)

    run(scenario())


def test_names_that_meet_in_other_orders_do_not_wait_in_a_circle(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as one, open_shop("advisory") as two:
            items = [await sell(one, 100), await sell(one, 100)]
            holds = [
                HoldStock(Name("alice", f"{items[0]}:{n}"), tuple(Wanted(item, 1) for item in items[:: (-1) ** n]))
                for n in range(40)
            ]
            told = await asyncio.gather(one.stock_desk.many(holds), two.stock_desk.many(holds[::-1]))
            assert {answer.status for each in told for answer in each if isinstance(answer, Answer)} == {201}
            for item_id in items:
                assert (await audited(one, item_id))["held"] == 40

    run(scenario())


def test_a_sweep_passes_over_what_an_order_is_pinning(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as one, open_shop("advisory") as two:
            item_id = await sell(one, 5)
            name = Name("alice", f"{item_id}:h")
            await one.stock_desk.one(HoldStock(name, (Wanted(item_id, 1),)))
            await make_due(one, name)
            async with two.database.unit() as unit:
                await rows.lock(unit.connection, [name])
                assert await one.sweeper.sweep() == 0
            assert await one.sweeper.sweep() == 1
            assert (await audited(one, item_id))["expired"] == 1

    run(scenario())


UNLOCKED = {"_LOCK_ITEMS": "FOR UPDATE", "_LOCK_EXPIRED": "FOR UPDATE SKIP LOCKED"}


@pytest.mark.parametrize("name", UNLOCKED)
def test_without_a_row_lock_the_write_still_refuses(
    name: str, open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock lets others wait; what stands behind it lets them fail: the version, and the key of the moves."""
    without = getattr(rows, name).replace(UNLOCKED[name], "")
    assert without != getattr(rows, name)
    monkeypatch.setattr(rows, name, without)

    async def scenario() -> None:
        async with open_shop("advisory") as one, open_shop("advisory") as two:
            item_id = await sell(one, 1)
            names = [Name("alice", f"{item_id}:{word}") for word in "ab"]
            barrier = asyncio.Barrier(2)
            read = rows.lock_items

            async def meeting(*arguments: Any) -> Any:
                found = await read(*arguments)
                await barrier.wait()
                return found

            if name == "_LOCK_EXPIRED":
                await one.stock_desk.one(HoldStock(names[0], (Wanted(item_id, 1),)))
                await make_due(one, names[0])
                swept = await asyncio.gather(one.sweeper.sweep(), two.sweeper.sweep(), return_exceptions=True)
                assert swept.count(1) == 1
            else:
                monkeypatch.setattr(rows, "lock_items", meeting)
                told = await asyncio.gather(
                    *(
                        shop.stock_desk.many([HoldStock(each, (Wanted(item_id, 1),))])
                        for shop, each in zip((one, two), names, strict=True)
                    )
                )
                answers = [each[0] for each in told]
                assert sorted(isinstance(answer, Answer) for answer in answers) == [False, True]
                assert any(isinstance(answer, POISON) for answer in answers)
            assert (await audited(one, item_id))["sold"] == 0

    run(scenario())


def test_a_buyer_and_a_hold_who_read_the_same_stock_are_told_apart(open_shop: Any, sell: Sell) -> None:
    """The buyer's lease excludes no hold; his guarded write waits for the hold's row and then compares again."""

    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 1)
            hold = HoldStock(Name("alice", f"{item_id}:h"), (Wanted(item_id, 1),))
            async with (
                inventory.database.unit() as unit,
                inventory.strategy.admit(unit.connection, item_id) as admitted,
            ):
                held = asyncio.create_task(inventory.stock_desk.one(hold))
                assert (await held).status == 201
                sold = await admitted.sell(unit.connection, item_id, 1)
                assert (type(sold).__name__, sold.stock) == ("SoldOut", 0)
            refused = await inventory.checkout.buy(Order("anonymous", f"{item_id}-k", item_id, 1))
            assert json.loads(refused.body)["code"] == "out-of-stock"
            assert await audited(inventory, item_id) == Counter(held=1, bought=0)

    run(scenario())
