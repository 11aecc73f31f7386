"""The order's charges and voids at a real wallet."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from real_participants import Town

from trivet_order.adapters.http import TokenFile
from trivet_order.application.saga import Captured, Charge, Declined, NoAnswer, Rejected, Reply, Void, Voided
from trivet_order.domain import Money


@pytest.fixture(scope="module")
def shop(town: Town) -> str:
    return town.account("shop", "merchant")


async def told(town: Town, shop: str, *commands: Charge | Void) -> list[Reply]:
    async with town.client() as client:
        return list(await town.wallet(client, shop).send(commands))


def euros(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


async def test_a_charge_takes_once_and_its_void_says_how_much(town: Town, shop: str) -> None:
    order_id, account = uuid4(), town.account("alice", balance_minor=1000)
    wanted = Charge(order_id, "alice", account, euros(300))
    assert [(await told(town, shop, wanted))[0] for _ in range(3)] == [Captured(euros(300))] * 3
    assert await told(town, shop, Void(order_id, "alice")) == [Captured(euros(300))]
    assert (town.balance(account), town.balance(shop)) == (700, 300)


async def test_a_decline_is_for_good_and_its_void_voids(town: Town, shop: str) -> None:
    order_id, account = uuid4(), town.account("alice", balance_minor=100)
    wanted = Charge(order_id, "alice", account, euros(300))
    [first] = await told(town, shop, wanted)
    assert isinstance(first, Declined)
    town.tell("wallet", "POST", "/deposits", {"account_id": account, "amount_minor": 1000})
    assert await told(town, shop, wanted) == [first]
    assert await told(town, shop, Void(order_id, "alice")) == [Voided()]
    assert town.balance(account) == 1100


async def test_a_void_that_comes_first_is_for_good(town: Town, shop: str) -> None:
    order_id, account = uuid4(), town.account("alice", balance_minor=1000)
    assert await told(town, shop, Void(order_id, "alice")) == [Voided()]
    assert await told(town, shop, Charge(order_id, "alice", account, euros(300))) == [Voided()]
    assert await told(town, shop, Void(order_id, "alice")) == [Voided()]
    assert town.balance(account) == 1000


async def test_in_one_batch_each_has_its_own_answer(town: Town, shop: str) -> None:
    mine, bobs = town.account("alice", balance_minor=500), town.account("bob", balance_minor=500)
    yen = town.account("alice", balance_minor=500, currency="JPY")
    replies = await told(
        town,
        shop,
        Charge(uuid4(), "alice", mine, euros(100)),
        Charge(uuid4(), "alice", bobs, euros(100)),
        Charge(uuid4(), "alice", "nobody-1", euros(100)),
        Charge(uuid4(), "alice", yen, euros(100)),
        Charge(uuid4(), "alice", mine, euros(1000)),
        Charge(uuid4(), "alice", "NO ACCOUNT", euros(100)),
        Void(uuid4(), "alice"),
    )
    assert [(type(each), getattr(each, "code", None)) for each in replies] == [
        (Captured, None),
        (Rejected, "forbidden"),
        (Rejected, "forbidden"),
        (Rejected, "invalid-request"),
        (Declined, "insufficient-funds"),
        (Rejected, "invalid-request"),
        (Voided, None),
    ]
    assert (town.balance(mine), town.balance(bobs), town.balance(yen)) == (400, 500, 500)


async def test_two_hundred_orders_are_charged_in_one_call(town: Town, shop: str) -> None:
    accounts = [town.account("alice", balance_minor=10_000) for _ in range(4)]
    wanted = [Charge(uuid4(), "alice", accounts[number % 4], euros(10)) for number in range(200)]
    assert await told(town, shop, *wanted) == [Captured(euros(10))] * 200
    assert [town.balance(each) for each in accounts] == [9500] * 4


async def test_a_customers_own_charge_under_the_orders_key_is_another_charge(town: Town, shop: str) -> None:
    order_id, account = uuid4(), town.account("alice", balance_minor=1000)
    body = {"customer_account_id": account, "merchant_account_id": shop, "amount_minor": 1}
    town.tell("wallet", "POST", "/charges", body, "alice", key=f"{order_id}:charge")
    assert await told(town, shop, Charge(order_id, "alice", account, euros(300))) == [Captured(euros(300))]
    other = uuid4()
    town.tell("wallet", "POST", "/voids", {"charge_key": f"{other}:charge"}, "alice", key=f"{other}:void")
    assert await told(town, shop, Charge(other, "alice", account, euros(300))) == [Captured(euros(300))]


async def test_without_a_good_token_nobody_is_asked_and_nothing_is_decided(
    town: Town, shop: str, tmp_path: Path
) -> None:
    account = town.account("alice", balance_minor=1000)
    for token in ("nonsense", town.issuer.token("order", "charges.read")):
        (tmp_path / "token").write_text(token)
        async with town.client(tokens=TokenFile(tmp_path / "token")) as client:
            [reply] = await town.wallet(client, shop).send([Charge(uuid4(), "alice", account, euros(300))])
        assert isinstance(reply, NoAnswer)
        assert reply.definite
    assert town.balance(account) == 1000
