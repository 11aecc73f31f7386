"""One key is one operation: done once, answered alike, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from trivet_chassis import KeyReused, RequestInFlight
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.items import NewItem
from trivet_inventory.pruning import BATCH_ROWS, Pruner
from trivet_inventory.purchases import Order
from trivet_locks import advisory_key, try_advisory_xact_lock

Sell = Callable[[Inventory, int], Awaitable[str]]
STRATEGIES = ("advisory", "redlock", "naive")
run = asyncio.run


async def rows_of(inventory: Inventory, item_id: str) -> list[str]:
    rows = await inventory.database.read("SELECT outcome FROM purchases WHERE item_id = $1 ORDER BY at", item_id)
    return [row["outcome"] for row in rows]


async def stock_of(inventory: Inventory, item_id: str) -> int:
    stock: int = (await inventory.catalogue.get(item_id))["stock"]
    return stock


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_purchase_is_replayed_to_the_last_byte(strategy: str, open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop(strategy) as inventory, open_shop(strategy) as other:
            item_id = await sell(inventory, 5)
            order = Order("anonymous", f"{item_id}-k", item_id, 2)
            first = await inventory.checkout.buy(order)
            again = await other.checkout.buy(order)
            assert (first.status, first.replayed, again.replayed) == (200, False, True)
            assert (again.status, again.body) == (first.status, first.body)
            told = json.loads(first.body)
            assert (told["total_minor"], told["stock"], told["resolvable"]) == (500, 3, True)
            assert (told["fence"] is not None) == (strategy == "redlock")
            assert await stock_of(inventory, item_id) == 3

    run(scenario())


def test_a_decline_is_stored_and_a_new_key_is_a_new_try(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 1)
            order = Order("anonymous", f"{item_id}-k", item_id, 2)
            declined = await inventory.checkout.buy(order)
            await inventory.catalogue.restock("anonymous", None, item_id, 10)
            again = await inventory.checkout.buy(order)
            assert (declined.status, again.status, again.replayed) == (409, 409, True)
            assert again.body == declined.body
            assert (await inventory.checkout.buy(Order("anonymous", f"{item_id}-k2", item_id, 2))).status == 200
            assert await rows_of(inventory, item_id) == ["out-of-stock", "purchased"]

    run(scenario())


def test_a_decline_that_nobody_can_ask_for_again_leaves_no_row(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 0)
            assert (await inventory.checkout.buy(Order("anonymous", None, item_id, 1))).status == 409
            assert await rows_of(inventory, item_id) == []

    run(scenario())


def test_another_payload_under_the_key_is_refused_and_changes_nothing(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            await inventory.checkout.buy(Order("anonymous", f"{item_id}-k", item_id, 1))
            with pytest.raises(KeyReused):
                await inventory.checkout.buy(Order("anonymous", f"{item_id}-k", item_id, 2))
            assert await stock_of(inventory, item_id) == 4

    run(scenario())


def test_keys_of_two_subjects_and_of_two_operations_do_not_meet(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            key = f"{item_id}-k"
            answers = [
                await inventory.checkout.buy(Order("anna", key, item_id, 1)),
                await inventory.checkout.buy(Order("ben", key, item_id, 2)),
                await inventory.catalogue.restock("anna", key, item_id, 10),
                await inventory.catalogue.create("anna", key, NewItem(None, None, 1, 1, "EUR")),
            ]
            assert [answer.replayed for answer in answers] == [False] * 4
            assert await stock_of(inventory, item_id) == 12

    run(scenario())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_key_in_flight_is_refused_until_its_transaction_ends(strategy: str, open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop(strategy) as inventory:
            item_id = await sell(inventory, 5)
            order = Order("anonymous", f"{item_id}-k", item_id, 1)
            async with inventory.database.unit() as holder:
                lock = advisory_key("inventory.idempotency", order.subject, "buy-item", str(order.key))
                await try_advisory_xact_lock(holder.connection, lock)
                with pytest.raises(RequestInFlight) as refused:
                    await inventory.checkout.buy(order)
                assert not refused.value.definite
                assert refused.value.retry_after_s == 1
            assert (await inventory.checkout.buy(order)).status == 200

    run(scenario())


def test_of_many_requests_with_one_key_one_is_executed(open_shop: Any, sell: Sell) -> None:
    async def attempt(inventory: Inventory, order: Order) -> bytes | None:
        try:
            return (await inventory.checkout.buy(order)).body
        except RequestInFlight:
            return None

    async def scenario() -> None:
        async with open_shop("advisory") as one, open_shop("advisory") as two:
            item_id = await sell(one, 50)
            order = Order("anonymous", f"{item_id}-k", item_id, 1)
            bodies = await asyncio.gather(*(attempt((one, two)[n % 2], order) for n in range(20)))
            assert len({body for body in bodies if body is not None}) == 1
            assert await stock_of(one, item_id) == 49

    run(scenario())


def test_the_unique_key_refuses_what_got_past_the_lock(open_shop: Any, sell: Sell, monkeypatch: Any) -> None:
    async def no_lock(*_: object) -> None: ...

    monkeypatch.setattr("trivet_inventory.purchases.claim", no_lock)

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 50)
            order = Order("anonymous", f"{item_id}-k", item_id, 1)
            results = await asyncio.gather(*(inventory.checkout.buy(order) for _ in range(8)), return_exceptions=True)
            assert any(not isinstance(result, BaseException) for result in results)
            assert await stock_of(inventory, item_id) == 49

    run(scenario())


def test_creating_and_restocking_are_done_once_a_key(open_shop: Any) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            new = NewItem(None, "A seat", 3, 100, "EUR")
            created = await inventory.catalogue.create("anonymous", "create-1", new)
            again = await inventory.catalogue.create("anonymous", "create-1", new)
            assert (again.body, again.replayed) == (created.body, True)

            item_id = json.loads(created.body)["id"]
            taken = NewItem(item_id, None, 3, 100, "EUR")
            refused = await inventory.catalogue.create("anonymous", "create-2", taken)
            refused_again = await inventory.catalogue.create("anonymous", "create-2", taken)
            assert (refused.status, refused_again.body, refused_again.replayed) == (409, refused.body, True)
            assert (await inventory.catalogue.create("anonymous", None, taken)).status == 409

            restocked = await inventory.catalogue.restock("anonymous", "restock-1", item_id, 4)
            restocked_again = await inventory.catalogue.restock("anonymous", "restock-1", item_id, 4)
            assert (restocked_again.body, restocked_again.replayed) == (restocked.body, True)
            assert await stock_of(inventory, item_id) == 7
            with pytest.raises(KeyReused):
                await inventory.catalogue.restock("anonymous", "restock-1", item_id, 5)

    run(scenario())


async def age(inventory: Inventory, hours: int) -> None:
    async with inventory.database.unit() as unit:
        await unit.connection.execute("UPDATE answers SET at = at - $1::interval", timedelta(hours=hours))
        await unit.commit()


async def bodies(inventory: Inventory, item_id: str) -> int:
    rows = await inventory.database.read("SELECT count(*) FROM answers WHERE key LIKE $1 || '%'", item_id)
    return int(rows[0]["count"])


def test_a_pruned_key_is_answered_from_its_row(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 2)
            bought, declined = (
                Order("anonymous", f"{item_id}-1", item_id, 2),
                Order("anonymous", f"{item_id}-2", item_id, 1),
            )
            purchase, decline = await inventory.checkout.buy(bought), await inventory.checkout.buy(declined)
            restock = await inventory.catalogue.restock("anonymous", f"{item_id}-3", item_id, 1)
            created = await inventory.catalogue.create("anonymous", f"{item_id}-4", NewItem(None, None, 1, 1, "EUR"))

            pruner = Pruner(inventory.database, timedelta(hours=24), 600)
            await pruner.prune()
            assert await bodies(inventory, item_id) == 4
            await age(inventory, 25)
            assert await pruner.prune() >= 3
            assert await bodies(inventory, item_id) == 1

            again = await inventory.checkout.buy(bought)
            assert (again.status, again.body, again.replayed) == (200, purchase.body, True)
            declined_again = json.loads((await inventory.checkout.buy(declined)).body)
            assert declined_again | {"trace_id": ""} == json.loads(decline.body) | {"trace_id": ""}
            assert (await inventory.catalogue.restock("anonymous", f"{item_id}-3", item_id, 1)).body == restock.body
            new = NewItem(None, None, 1, 1, "EUR")
            assert (await inventory.catalogue.create("anonymous", f"{item_id}-4", new)).body == created.body
            with pytest.raises(KeyReused):
                await inventory.checkout.buy(Order("anonymous", f"{item_id}-1", item_id, 1))

    run(scenario())


def test_pruning_goes_on_until_nothing_old_is_left_and_only_one_prunes(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 1)
            async with inventory.database.unit() as unit:
                await unit.connection.execute(
                    "INSERT INTO answers SELECT 's', 'buy-item', $1 || n, '', 200, '', now() - interval '2 days' "
                    "FROM generate_series(1, $2) AS n",
                    item_id,
                    BATCH_ROWS + 5,
                )
                await unit.commit()
            pruner = Pruner(inventory.database, timedelta(hours=24), 600)
            async with inventory.database.unit() as other:
                await try_advisory_xact_lock(other.connection, advisory_key("inventory.pruning", "answers"))
                assert await pruner.prune() == 0
            assert await pruner.prune() == BATCH_ROWS + 5

    run(scenario())
