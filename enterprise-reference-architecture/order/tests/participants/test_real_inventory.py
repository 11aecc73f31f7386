"""The order's holds at a real inventory."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from real_participants import Town

from trivet_order.adapters.naive import NaiveStock
from trivet_order.application.saga import (
    ConfirmStock,
    Held,
    HoldStock,
    Refused,
    Rejected,
    Released,
    ReleaseStock,
    Reply,
    Sold,
    StockLine,
)
from trivet_order.domain import Money, Stock

StockCommand = HoldStock | ConfirmStock | ReleaseStock


async def told(town: Town, *commands: StockCommand) -> list[Reply]:
    async with town.client() as client:
        return list(await town.stock(client).send(commands))


def wanted(order_id: UUID, *items: tuple[str, int]) -> HoldStock:
    return HoldStock(order_id, "alice", tuple(StockLine(Stock(item), quantity) for item, quantity in items))


async def test_prices_are_those_of_the_lines_in_the_orders_order(town: Town) -> None:
    dear, cheap = town.item(9, 5000), town.item(9, 3)
    for items in (((dear, 2), (cheap, 4)), ((cheap, 4), (dear, 2))):
        prices = {dear: Money(10_000, "EUR"), cheap: Money(12, "EUR")}
        assert await told(town, wanted(uuid4(), *items)) == [Held(tuple(prices[item] for item, _ in items))]


async def test_what_is_pinned_has_no_end_and_is_sold_once(town: Town) -> None:
    item, order_id = town.item(5), uuid4()
    assert await told(town, wanted(order_id, (item, 5))) == [Held((Money(3500, "EUR"),))]
    path = f"/stock-holds/{order_id}:hold?subject=alice"
    assert town.tell("inventory", "GET", path)["state"] == "pinned"
    assert town.tell("inventory", "GET", path)["expires_at"] is None
    assert await told(town, ConfirmStock(order_id, "alice")) == [Sold()]
    [late] = await told(town, ReleaseStock(order_id, "alice"))
    assert isinstance(late, Rejected)
    assert late.code == "too-late"


async def test_items_of_two_currencies_are_no_order(town: Town) -> None:
    euros, yen = town.item(5), town.item(5, 700, "JPY")
    [reply] = await told(town, wanted(uuid4(), (euros, 1), (yen, 1)))
    assert isinstance(reply, Refused | Rejected)
    assert (town.stock_of(euros), town.stock_of(yen)) == (5, 5)


async def test_an_item_that_can_be_none_is_refused_alone(town: Town) -> None:
    item = town.item(5)
    replies = await told(town, wanted(uuid4(), ("NO ITEM", 1)), wanted(uuid4(), (item, 1)))
    assert [type(each) for each in replies] == [Refused, Held]


async def test_two_hundred_orders_of_twenty_lines_are_held_in_one_call(town: Town) -> None:
    items = [town.item(1000, 1) for _ in range(20)]
    replies = await told(town, *(wanted(uuid4(), *((item, 2) for item in items)) for _ in range(200)))
    assert {type(each) for each in replies} == {Held}
    assert town.stock_of(items[0]) == 600


@pytest.mark.parametrize("end", [ConfirmStock, ReleaseStock])
async def test_the_naive_twin_is_right_while_nothing_goes_wrong(town: Town, end: type[StockCommand]) -> None:
    item, order_id = town.item(5), uuid4()
    async with town.client() as client:
        naive = town.stock(client, NaiveStock)
        assert await naive.send([wanted(order_id, (item, 2))]) == [Held((Money(1400, "EUR"),))]
        assert await naive.send([end(order_id, "alice")]) == [Sold() if end is ConfirmStock else Released()]
    assert town.stock_of(item) == (3 if end is ConfirmStock else 5)
