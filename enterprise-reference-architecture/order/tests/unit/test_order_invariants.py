"""What can be no order, no line, no product and no money, however it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from order_contracts.samples import AT, PRICES, begin, placed, reserve

from trivet_order.domain import (
    AMOUNT_MINOR_MAX,
    LINES_MAX,
    QUANTITY_MAX,
    TEXT_CHARACTERS_MAX,
    InvalidOrder,
    Money,
    OrderAggregate,
    OrderLine,
    OrderStatus,
    Outcome,
    PricesFixed,
    Seat,
    Stock,
    total,
)

CREATED, PENDING, RESERVED, PAYING, CONFIRMED, CANCELLED = OrderStatus
EUR, LINE = Money(100, "EUR"), OrderLine(Stock("umbrella"), 1)
PRICED_LINE = replace(LINE, price=EUR)
NO_TEXT = ["", "x" * (TEXT_CHARACTERS_MAX + 1), "a\nb", "a\x00b", "\ud800", "\u202e", None, 7, ["a"]]


def stored(**changes: Any) -> OrderAggregate:
    facts: dict[str, Any] = {
        "id": UUID(int=1),
        "items": (LINE,),
        "status": CREATED,
        "customer_id": "alice",
        "account_id": "alice-eur",
        "version": 1,
    }
    return OrderAggregate(**(facts | changes))


class TestStoredOrders:
    @pytest.mark.parametrize(
        "facts",
        [
            {},
            {"status": PENDING, "version": 2},
            {"status": PENDING, "version": 3, "cancellation_requested": True},
            {"status": RESERVED, "version": 3, "items": [PRICED_LINE]},
            {"status": CONFIRMED, "version": 6, "items": [PRICED_LINE], "cancellation_requested": True},
            {"status": CANCELLED, "version": 2, "cancel_reason": "why"},
            {"status": CANCELLED, "version": 4, "cancel_reason": "why", "items": [PRICED_LINE]},
            {"version": 0, "items": ()},
        ],
    )
    def test_what_can_be(self, facts: dict[str, Any]) -> None:
        order = stored(**facts)
        assert {name: getattr(order, name) for name in facts} == facts | (
            {"items": tuple(facts["items"])} if "items" in facts else {}
        )

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"version": -1}, "-1 events"),
            ({"version": 0}, "begins with nothing"),
            ({"version": 0, "items": (), "status": PENDING}, "begins with nothing"),
            ({"version": 0, "items": (), "cancellation_requested": True}, "cancelled at once"),
            ({"version": 0, "items": (), "cancel_reason": "why"}, "says why"),
            ({"items": ()}, "1 to 20 lines"),
            ({"items": [OrderLine(Stock(f"item-{n}"), 1) for n in range(LINES_MAX + 1)]}, "1 to 20 lines"),
            ({"items": (LINE, replace(LINE, quantity=2))}, "on an order once"),
            ({"status": PENDING, "version": 1}, "1 events make no order that is Inventory Pending"),
            ({"status": PENDING, "version": 2, "cancellation_requested": True}, "2 events make no order"),
            ({"status": RESERVED, "version": 2, "items": [PRICED_LINE]}, "2 events make no order"),
            ({"status": PAYING, "version": 3, "items": [PRICED_LINE]}, "3 events make no order"),
            ({"status": CONFIRMED, "version": 4, "items": [PRICED_LINE]}, "4 events make no order"),
            ({"status": CANCELLED, "version": 1, "cancel_reason": "why"}, "1 events make no order"),
            ({"status": CANCELLED, "version": 2}, "says why"),
            ({"status": CREATED, "cancel_reason": "why"}, "says why"),
            ({"status": CANCELLED, "version": 2, "cancel_reason": ""}, "a reason is"),
            ({"version": 2, "cancellation_requested": True}, "cancelled at once"),
            ({"items": [PRICED_LINE]}, "no prices yet"),
            ({"status": PENDING, "version": 2, "items": [PRICED_LINE]}, "no prices yet"),
            ({"status": RESERVED, "version": 3}, "has its prices"),
            ({"status": PAYING, "version": 4}, "has its prices"),
            ({"status": CONFIRMED, "version": 5}, "has its prices"),
            ({"status": RESERVED, "version": 3, "items": [PRICED_LINE, OrderLine(Stock("b"), 1)]}, "or for none"),
            (
                {"status": RESERVED, "version": 3, "items": [PRICED_LINE, OrderLine(Stock("b"), 1, Money(1, "USD"))]},
                "one currency",
            ),
            (
                {
                    "status": RESERVED,
                    "version": 3,
                    "items": [PRICED_LINE, OrderLine(Stock("b"), 1, Money(AMOUNT_MINOR_MAX, "EUR"))],
                },
                "no amount",
            ),
        ],
    )
    def test_what_cannot_be(self, facts: dict[str, Any], why: str) -> None:
        with pytest.raises(InvalidOrder, match=why):
            stored(**facts)

    @pytest.mark.parametrize("name", ["customer_id", "account_id"])
    @pytest.mark.parametrize("text", NO_TEXT, ids=ascii)
    def test_whose_it_is_is_a_text(self, name: str, text: Any) -> None:
        with pytest.raises(InvalidOrder, match="printable"):
            stored(**{name: text})

    def test_a_status_that_a_store_has_as_text_is_the_status(self) -> None:
        assert stored(status="Inventory Pending", version=2).status is PENDING
        with pytest.raises(ValueError, match="Order Forgotten"):
            stored(status="Order Forgotten")

    def test_nothing_of_it_is_changed_from_outside(self) -> None:
        order = stored()
        for name in ("id", "items", "status", "customer_id", "account_id", "version", "total", "cancel_reason"):
            with pytest.raises(AttributeError):
                setattr(order, name, None)
        assert isinstance(order.items, tuple)


class TestLines:
    def test_an_order_has_so_many_at_most(self) -> None:
        order = OrderAggregate(uuid4(), customer_id="alice", account_id="a")
        for number in range(LINES_MAX):
            order.add_item(Stock(f"item-{number}"), 1)
        with pytest.raises(InvalidOrder, match="20 lines at most"):
            order.add_item(Stock("one more"), 1)
        assert len(order.items) == LINES_MAX

    def test_an_order_has_one_at_least(self) -> None:
        order = OrderAggregate(uuid4(), customer_id="alice", account_id="a")
        with pytest.raises(InvalidOrder, match="at least one"):
            order.place()
        assert order.version == 0

    @pytest.mark.parametrize("again", [Stock("umbrella"), Seat("hamlet", "hold", "another token")])
    def test_a_product_is_on_it_once(self, again: Stock | Seat) -> None:
        order = OrderAggregate(uuid4(), customer_id="alice", account_id="a")
        order.add_item(Stock("umbrella"), 1)
        order.add_item(Seat("hamlet", "hold", "token"), 1)
        with pytest.raises(InvalidOrder, match="already") as refused:
            order.add_item(again, 2)
        assert "token" not in str(refused.value)

    @pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1, 1.0, True, "1", None])
    def test_a_quantity_is_a_whole_number_within_bounds(self, quantity: Any) -> None:
        with pytest.raises(InvalidOrder, match="1 to 1000 units"):
            OrderLine(Stock("umbrella"), quantity)

    def test_seats_of_a_hold_are_one_line(self) -> None:
        with pytest.raises(InvalidOrder, match="its quantity is 1"):
            OrderLine(Seat("hamlet", "hold", "token"), 2)

    @pytest.mark.parametrize("text", NO_TEXT, ids=ascii)
    @pytest.mark.parametrize(
        "make",
        [
            Stock,
            lambda text: Seat(text, "h", "t"),
            lambda text: Seat("s", text, "t"),
            lambda text: Seat("s", "h", text),
        ],
        ids=["item", "show", "hold", "token"],
    )
    def test_ids_are_texts(self, make: Callable[[Any], object], text: Any) -> None:
        with pytest.raises(InvalidOrder, match="printable"):
            make(text)

    def test_values_never_change(self) -> None:
        for value, name in ((EUR, "amount_minor"), (LINE, "quantity"), (Stock("a"), "item_id")):
            with pytest.raises(FrozenInstanceError):
                setattr(value, name, 2)


class TestMoney:
    @pytest.mark.parametrize("amount", [-1, AMOUNT_MINOR_MAX + 1, 1.5, 1.0, True, "1", None])
    def test_an_amount_is_a_whole_number_that_63_bits_hold(self, amount: Any) -> None:
        with pytest.raises(InvalidOrder, match="no amount"):
            Money(amount, "EUR")

    @pytest.mark.parametrize("currency", ["", "eur", "EURO", "EU", "ÄÖÜ", "EUR\n", None, 978])
    def test_a_currency_is_three_capitals(self, currency: Any) -> None:
        with pytest.raises(InvalidOrder, match="no currency"):
            Money(1, currency)

    def test_amounts_of_one_currency_add_up(self) -> None:
        assert total([EUR, Money(0, "EUR"), Money(AMOUNT_MINOR_MAX - 100, "EUR")]) == Money(AMOUNT_MINOR_MAX, "EUR")

    @pytest.mark.parametrize("amounts", [[], [EUR, Money(1, "USD")], [EUR, Money(AMOUNT_MINOR_MAX, "EUR")]])
    def test_others_do_not(self, amounts: list[Money]) -> None:
        with pytest.raises(InvalidOrder):
            total(amounts)


class TestPrices:
    def test_the_total_is_known_once_they_are_fixed(self) -> None:
        order = placed()
        begin(order)
        assert order.total is None
        reserve(order)
        assert order.total == total(PRICES)
        assert [line.price for line in order.items] == list(PRICES)

    @pytest.mark.parametrize(
        "prices",
        [
            [],
            PRICES[:1],
            [*PRICES, EUR],
            [PRICES[0], Money(1, "USD")],
            [Money(AMOUNT_MINOR_MAX, "EUR"), Money(1, "EUR")],
        ],
        ids=["none", "too few", "too many", "of two currencies", "too much"],
    )
    def test_what_is_no_price_of_it_is_refused_and_nothing_changes(self, prices: list[Money]) -> None:
        order = placed()
        begin(order)
        order.pull_events(AT)
        with pytest.raises(InvalidOrder):
            order.mark_reserved(prices)
        assert (order.status, order.version, order.total, order.pull_events(AT)) == (PENDING, 2, None, ())

    def test_they_are_fixed_once(self) -> None:
        order = placed()
        begin(order)
        reserve(order)
        assert order.mark_reserved(list(PRICES)) is Outcome.ALREADY_DONE
        for others in (PRICES[::-1], (PRICES[0], Money(1, "EUR"))):
            with pytest.raises(PricesFixed):
                order.mark_reserved(others)
        assert (order.version, order.total) == (3, total(PRICES))

    def test_they_stay_when_it_is_cancelled(self) -> None:
        order = placed()
        begin(order)
        reserve(order)
        order.cancel("no money")
        assert order.total == total(PRICES)

    @pytest.mark.parametrize("reason", NO_TEXT, ids=ascii)
    def test_a_reason_is_a_text(self, reason: Any) -> None:
        order = placed()
        with pytest.raises(InvalidOrder, match="a reason is"):
            order.cancel(reason)
        assert (order.status, order.version) == (CREATED, 1)
