"""Holds on a real PostgreSQL: the four verbs alone and in batches, what time ends, and how few statements it takes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from trivet_chassis import Answer, NotFound
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.holds import Confirm, Entry, HoldStock, Name, Pin, Release, Wanted
from trivet_inventory.items import NewItem

Sell = Callable[[Inventory, int], Awaitable[str]]
run = asyncio.run


def name(item_id: str, word: str = "h") -> Name:
    return Name("alice", f"{item_id}:{word}")


def hold(item_id: str, quantity: int = 1, word: str = "h", ttl_ms: int | None = None) -> HoldStock:
    return HoldStock(name(item_id, word), (Wanted(item_id, quantity),), ttl_ms)


def code(answer: Answer) -> str:
    told: str = json.loads(answer.body)["code"]
    return told


async def tell(inventory: Inventory, *entries: Entry) -> list[str | int]:
    """Return what each entry of one batch is told: the code of a refusal, else the status."""
    told = []
    for answer in await inventory.stock_desk.many(entries):
        assert isinstance(answer, Answer), answer
        told.append(answer.status if answer.status < 400 else code(answer))
    return told


async def stock_of(inventory: Inventory, item_id: str) -> int:
    stock: int = (await inventory.catalogue.get(item_id))["stock"]
    return stock


async def moves_of(inventory: Inventory, item_id: str) -> list[tuple[int, str, int, int]]:
    query = "SELECT item_version, kind, quantity, stock_after FROM stock_moves WHERE item_id = $1 ORDER BY item_version"
    return [tuple(row) for row in await inventory.database.read(query, item_id)]


async def make_due(inventory: Inventory, *names: Name) -> None:
    """Let the time of holds be over, without waiting for it."""
    async with inventory.database.unit() as unit:
        await unit.connection.execute(
            "UPDATE stock_holds SET due_at = clock_timestamp() WHERE hold_id = ANY ($1::text[])", [n.id for n in names]
        )
        await unit.commit()


def test_a_hold_is_pinned_and_sold_and_each_answer_is_repeated_to_the_last_byte(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory, open_shop("advisory") as other:
            item_id = await sell(inventory, 5)
            held = name(item_id)
            steps: list[Entry] = [hold(item_id, 2), Pin(held, "o1"), Confirm(held, "o1")]
            for entry in steps:
                first = await inventory.stock_desk.one(entry)
                again = await other.stock_desk.one(entry)
                assert (again.status, again.body) == (first.status, first.body)
                assert (first.replayed, again.replayed) == (False, True)
            told = json.loads((await inventory.stock_desk.one(steps[0])).body)
            line = {"item_id": item_id, "quantity": 2, "unit_price_minor": 250}
            assert told | {"expires_at": None} == {
                "id": held.id,
                "subject": "alice",
                "state": "held",
                "lines": [line],
                "total_minor": 500,
                "currency": "EUR",
                "expires_at": None,
                "expires_in_ms": 120_000,
            }
            sold = json.loads((await inventory.stock_desk.one(steps[2])).body)
            assert (sold["state"], sold["order_id"], sold["total_minor"]) == ("sold", "o1", 500)
            assert (await inventory.stock_desk.look(held))["state"] == "sold"
            assert await stock_of(inventory, item_id) == 3
            assert await moves_of(inventory, item_id) == [(1, "held", 2, 3)]
            assert await tell(inventory, Release(held, "o1"), Release(held)) == ["too-late"] * 2

    run(scenario())


def test_what_is_given_back_is_in_stock_again_and_refuses_whoever_comes_late(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            held, pinned, never = (name(item_id, word) for word in ("held", "pinned", "never"))
            assert await tell(
                inventory,
                hold(item_id, 1, "held"),
                hold(item_id, 1, "pinned"),
                Pin(pinned, "o1"),
                Release(pinned),
                Release(pinned, "o2"),
                Pin(pinned, "o2"),
            ) == [201, 201, 200, "too-late", 200, "already-held"]
            assert await stock_of(inventory, item_id) == 3
            assert await tell(inventory, Release(held), Release(pinned, "o1"), Release(never, "o1")) == [200] * 3
            assert await stock_of(inventory, item_id) == 5
            late: list[Entry] = [
                entry
                for word in ("held", "pinned", "never")
                for entry in (
                    hold(item_id, 1, word),
                    Pin(name(item_id, word), "o1"),
                    Confirm(name(item_id, word), "o1"),
                )
            ]
            assert set(await tell(inventory, *late)) == {"hold-released"}
            assert await stock_of(inventory, item_id) == 5
            assert [kind for _, kind, _, _ in await moves_of(inventory, item_id)] == ["held"] * 2 + ["returned"] * 2

    run(scenario())


def test_all_lines_are_held_or_none(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            plenty, few = await sell(inventory, 5), await sell(inventory, 1)
            both = HoldStock(name(plenty), (Wanted(plenty, 2), Wanted(few, 2)))
            refused = await inventory.stock_desk.one(both)
            assert (code(refused), json.loads(refused.body)["item_id"]) == ("out-of-stock", few)
            assert (await stock_of(inventory, plenty), await stock_of(inventory, few)) == (5, 1)
            await inventory.catalogue.restock("anonymous", None, few, 9)
            again = await inventory.stock_desk.one(both)
            assert (code(again), again.replayed) == ("out-of-stock", True)
            assert await tell(inventory, Pin(both.name, "o1"), Release(both.name), both) == [
                "out-of-stock",
                200,
                "hold-released",
            ]

    run(scenario())


def test_what_cannot_be_held_leaves_nothing_behind(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            dollars = f"{item_id}-usd"
            await inventory.catalogue.create("anonymous", None, NewItem(dollars, None, 5, 100, "USD"))
            mixed = HoldStock(name(item_id), (Wanted(item_id, 1), Wanted(dollars, 1)))
            unborn = HoldStock(name(item_id), (Wanted(item_id, 1), Wanted("unborn", 1)))
            assert await tell(inventory, mixed, unborn, hold(item_id, ttl_ms=600_001), Pin(name(item_id), "o")) == [
                "invalid-request",
                "not-found",
                "invalid-request",
                "not-found",
            ]
            with pytest.raises(NotFound):
                await inventory.stock_desk.look(name(item_id))
            assert await tell(inventory, hold(item_id), hold(item_id, 2), Confirm(name(item_id), "o")) == [
                201,
                "idempotency-key-reuse",
                "not-found",
            ]
            assert await stock_of(inventory, item_id) == 4

    run(scenario())


def test_an_id_is_its_subjects_own(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            hers = hold(item_id)
            his = HoldStock(Name("bob", hers.name.id), (Wanted(item_id, 3),))
            assert await tell(inventory, hers, his, Release(his.name)) == [201, 201, 200]
            assert (await inventory.stock_desk.look(hers.name))["state"] == "held"
            assert await stock_of(inventory, item_id) == 4

    run(scenario())


def test_time_ends_a_hold_until_an_order_pins_it(open_shop: Any, sell: Sell) -> None:
    async def scenario() -> None:
        async with open_shop("advisory") as inventory, open_shop("advisory") as other:
            item_id = await sell(inventory, 5)
            words = ("left", "late", "pinned")
            left, late, pinned = (name(item_id, word) for word in words)
            assert await tell(inventory, *(hold(item_id, 1, word) for word in words), Pin(pinned, "o1")) == [
                *[201] * 3,
                200,
            ]
            await make_due(inventory, left, late)
            assert (await inventory.stock_desk.look(left))["state"] == "expired"
            assert await tell(inventory, Pin(late, "o2"), Confirm(late, "o2")) == ["hold-expired"] * 2
            assert await stock_of(inventory, item_id) == 3
            assert sum(await asyncio.gather(inventory.sweeper.sweep(), other.sweeper.sweep())) == 1
            assert await stock_of(inventory, item_id) == 4
            assert await tell(inventory, Pin(left, "o2"), hold(item_id, 1, "left"), Confirm(pinned, "o1")) == [
                "hold-expired",
                201,
                200,
            ]
            assert await stock_of(inventory, item_id) == 4

    run(scenario())


def test_many_entries_of_few_items_are_few_statements(open_shop: Any, sell: Sell) -> None:
    spoken: list[str] = []

    def heard(record: asyncpg.LoggedQuery) -> None:
        spoken.append(record.query[:60])

    async def scenario() -> None:
        async with open_shop("advisory", pool_connections_max=1) as inventory:
            items = [await sell(inventory, 90) for _ in range(3)]
            # A connection asks once what the types of its arguments are.
            assert await tell(inventory, hold(items[0]), Release(name(items[0]))) == [201, 200]
            async with inventory.database.unit() as unit:
                unit.connection.add_query_logger(heard)
            spoken.clear()
            entries: list[Entry] = []
            for number in range(100):
                item_id = items[number % 3]
                entries += [hold(item_id, 1, str(number)), Pin(name(item_id, str(number)), f"o{number}")]
            told = await tell(inventory, *entries)
            assert Counter(told) == {201: 100, 200: 100}
            assert len(spoken) == 5, spoken  # BEGIN, holds, items, the write, COMMIT
            spoken.clear()
            told = await tell(inventory, *(Confirm(entry.name, entry.order_id) for entry in entries[1::2]))  # type: ignore[arg-type]  # pins
            assert told == [200] * 100
            assert len(spoken) == 4, spoken  # no item is touched
            spoken.clear()
            assert await inventory.sweeper.sweep() == 0
            assert len(spoken) == 3, spoken

    run(scenario())
