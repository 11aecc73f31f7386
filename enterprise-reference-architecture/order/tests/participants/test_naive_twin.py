"""The twin is right while nothing goes wrong; each thing that it leaves out costs somebody when an answer is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from asked_participants import (
    Counter,
    all_done,
    charge,
    confirm_seats,
    confirm_stock,
    hold_stock,
    pin_seats,
    release_seats,
    release_stock,
    seats_over,
    silent,
    stock_over,
    void,
    wallet_over,
)

from trivet_order.adapters.naive import NaiveSeats, NaiveStock, NaiveWallet
from trivet_order.application.saga import Captured, Declined, Held, NoAnswer, Refused, Rejected, Released, Sold, Voided
from trivet_order.domain import Seat


class Twin:
    def __init__(self) -> None:
        self.stock_asked, self.seats_asked, self.wallet_asked = Counter(), Counter(), Counter()
        self.stock = stock_over(self.stock_asked, kind=NaiveStock)
        self.seats = seats_over(self.seats_asked, kind=NaiveSeats)
        self.wallet = wallet_over(self.wallet_asked, kind=NaiveWallet)

    async def ask(self, who: str, command: Any) -> Any:
        [reply] = await getattr(self, who).send([command])
        return reply


@pytest.fixture
def twin() -> Twin:
    return Twin()


@pytest.fixture
def order_id() -> UUID:
    return uuid4()


async def test_an_order_to_which_nothing_happens_is_sold(twin: Twin, order_id: UUID) -> None:
    assert isinstance(await twin.ask("stock", hold_stock(order_id)), Held)
    assert isinstance(await twin.ask("seats", pin_seats(order_id)), Held)
    assert isinstance(await twin.ask("wallet", charge(order_id)), Captured)
    assert isinstance(await twin.ask("stock", confirm_stock(order_id)), Sold)
    assert isinstance(await twin.ask("seats", confirm_seats(order_id)), Sold)
    assert [entry["op"] for entry in twin.stock_asked.entries] == ["hold", "pin", "confirm"]
    assert len({entry["id"] for entry in twin.stock_asked.entries}) == 1
    assert twin.stock_asked.entries[0]["id"].startswith(f"{order_id}:hold:")


async def test_an_order_that_is_declined_is_released(twin: Twin, order_id: UUID) -> None:
    await twin.ask("stock", hold_stock(order_id))
    await twin.ask("seats", pin_seats(order_id))
    assert isinstance(await twin.ask("stock", release_stock(order_id)), Released)
    assert isinstance(await twin.ask("seats", release_seats(order_id)), Released)
    assert [entry["op"] for entry in twin.stock_asked.entries] == ["hold", "release"]
    assert [entry["op"] for entry in twin.seats_asked.entries] == ["pin", "pin", "release", "release"]


async def test_each_attempt_is_a_hold_and_a_charge_of_its_own(twin: Twin, order_id: UUID) -> None:
    for _ in range(3):
        await twin.ask("stock", hold_stock(order_id))
        await twin.ask("wallet", charge(order_id))
    assert len({entry["id"] for entry in twin.stock_asked.entries}) == 3
    keys = {entry["key"] for entry in twin.wallet_asked.entries}
    assert len(keys) == 3, "charged three times"
    assert {key.partition(":")[0] for key in keys} == {str(order_id)}


async def test_a_charge_without_an_answer_is_taken_for_a_decline(twin: Twin, order_id: UUID) -> None:
    twin.wallet_asked.answers = silent
    reply = await twin.ask("wallet", charge(order_id))
    assert reply == Declined("no-answer", "no answer within 1.000 s")


async def test_a_void_asks_nobody(twin: Twin, order_id: UUID) -> None:
    assert isinstance(await twin.ask("wallet", void(order_id)), Voided)
    assert twin.wallet_asked.requests == []


async def test_what_it_does_not_remember_is_given_back_by_nobody(twin: Twin, order_id: UUID) -> None:
    twin.stock_asked.answers = twin.seats_asked.answers = silent
    assert isinstance(await twin.ask("stock", hold_stock(order_id)), NoAnswer)
    assert isinstance(await twin.ask("seats", pin_seats(order_id)), NoAnswer)
    twin.stock_asked.answers = twin.seats_asked.answers = all_done
    assert isinstance(await twin.ask("stock", release_stock(order_id)), Released)
    assert isinstance(await twin.ask("seats", release_seats(order_id)), Released)
    assert len(twin.stock_asked.requests) == len(twin.seats_asked.requests) == 1, "no tombstone: a late hold is held"


async def test_what_it_does_not_remember_is_sold_by_nobody(twin: Twin, order_id: UUID) -> None:
    assert isinstance(await twin.ask("stock", confirm_stock(order_id)), Sold)
    assert twin.stock_asked.requests == []


async def test_what_can_be_nobodys_is_refused_like_by_its_model(twin: Twin, order_id: UUID) -> None:
    assert isinstance(await twin.ask("seats", pin_seats(order_id, (Seat("HAMLET", "a", "b"),))), Refused)
    assert isinstance(await twin.ask("wallet", charge(order_id, "external-eur")), Rejected)
    assert twin.seats_asked.requests == twin.wallet_asked.requests == []
