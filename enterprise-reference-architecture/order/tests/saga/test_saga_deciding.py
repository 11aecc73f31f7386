"""What the replies of one step mean together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from uuid import UUID

import pytest

from trivet_order.application.saga import (
    Captured,
    Command,
    Declined,
    Held,
    NoAnswer,
    Refused,
    Rejected,
    Released,
    Reply,
    SagaEvent,
    SagaState,
    Sold,
    Voided,
    commands_of,
    decide,
)
from trivet_order.domain import AMOUNT_MINOR_MAX, Money, OrderAggregate, Product, Seat, Stock

E, S = SagaEvent, SagaState


def eur(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


def seat(number: int) -> Seat:
    return Seat("hamlet", f"hold-{number}", "secret")


def order_of(*products: Product, prices: Sequence[Money] = ()) -> OrderAggregate:
    order = OrderAggregate(UUID(int=7), customer_id="alice", account_id="alice-eur")
    for each in products:
        order.add_item(each, 1)
    order.place()
    order.begin()
    if prices:
        order.mark_reserved(prices)
        order.request_payment()
    return order


MIXED = (seat(1), Stock("hat"), seat(2), Stock("umbrella"))
REPLIES: list[Reply] = [
    Held((eur(1), eur(2))),
    Refused("out-of-stock", "no"),
    Sold(),
    Released(),
    Captured(eur(10)),
    Captured(eur(11)),
    Declined("insufficient-funds", "too little"),
    Voided(),
    Rejected("forbidden", "not yours"),
    NoAnswer("a timeout"),
    NoAnswer("503", definite=True, retry_after_s=2.0),
]


def holding(order: OrderAggregate, *replies: Reply) -> tuple[SagaEvent, tuple[Money, ...]]:
    commands: Sequence[Command] = commands_of(S.HOLDING, order)
    decision = decide(S.HOLDING, order, commands, replies)
    return decision.event, decision.prices


class TestHolding:
    def test_prices_stand_in_the_orders_own_order(self) -> None:
        order = order_of(*MIXED)
        found = holding(order, Held((eur(20), eur(40))), Held((eur(10), eur(30))))
        assert found == (E.HELD, (eur(10), eur(20), eur(30), eur(40)))

    def test_of_one_participant_as_well(self) -> None:
        assert holding(order_of(Stock("hat")), Held((eur(20),))) == (E.HELD, (eur(20),))
        assert holding(order_of(seat(1), seat(2)), Held((eur(1), eur(2)))) == (E.HELD, (eur(1), eur(2)))

    def test_nothing_to_pay_is_told_apart(self) -> None:
        assert holding(order_of(Stock("hat"), seat(1)), Held((eur(0),)), Held((eur(0),))) == (E.FREE, (eur(0), eur(0)))
        assert holding(order_of(Stock("hat"), seat(1)), Held((eur(0),)), Held((eur(1),)))[0] is E.HELD

    @pytest.mark.parametrize("prices", [(), (eur(1), eur(2), eur(3)), (eur(1),)])
    def test_not_one_price_a_line_is_unfit(self, prices: tuple[Money, ...]) -> None:
        assert holding(order_of(*MIXED), Held((eur(1), eur(2))), Held(prices))[0] is E.UNFIT
        assert holding(order_of(*MIXED), Held(prices), Held((eur(1), eur(2))))[0] is E.UNFIT
        assert holding(order_of(Stock("hat"), Stock("cap")), Held(prices))[0] is E.UNFIT

    def test_as_many_prices_as_lines_but_of_the_wrong_participant(self) -> None:
        order = order_of(Stock("hat"), seat(1))
        assert holding(order, Held((eur(1), eur(2))), Held(()))[0] is E.UNFIT
        assert holding(order, Held(()), Held((eur(1), eur(2))))[0] is E.UNFIT

    def test_several_currencies_are_unfit(self) -> None:
        order = order_of(Stock("hat"), seat(1))
        assert holding(order, Held((eur(1),)), Held((Money(1, "USD"),)))[0] is E.UNFIT

    def test_more_than_there_is_money_is_unfit(self) -> None:
        order = order_of(Stock("hat"), Stock("cap"))
        assert holding(order, Held((eur(AMOUNT_MINOR_MAX), eur(1))))[0] is E.UNFIT

    @pytest.mark.parametrize("other", REPLIES)
    @pytest.mark.parametrize("refusal", [Refused("out-of-stock", "no hats"), Rejected("invalid-request", "no")])
    def test_one_refusal_decides_whatever_else_is_said(self, refusal: Reply, other: Reply) -> None:
        order = order_of(*MIXED)
        assert holding(order, refusal, other)[0] is E.REFUSED
        assert holding(order, other, refusal)[0] is E.REFUSED

    def test_one_that_is_silent_lets_all_be_asked_again(self) -> None:
        order, held = order_of(*MIXED), Held((eur(1), eur(2)))
        for replies in ((NoAnswer("a timeout"), held), (held, NoAnswer("a timeout"))):
            assert holding(order, *replies)[0] is E.NO_ANSWER

    def test_an_answer_to_something_else_is_none(self) -> None:
        order = order_of(Stock("hat"))
        for reply in (Sold(), Released(), Captured(eur(1)), Declined("no", ""), Voided()):
            assert holding(order, reply)[0] is E.NO_ANSWER

    def test_it_is_put_off_only_if_certainly_nothing_happened(self) -> None:
        order, held = order_of(*MIXED), Held((eur(1), eur(2)))
        busy = NoAnswer("503", definite=True, retry_after_s=2.0)
        commands = commands_of(S.HOLDING, order)
        assert decide(S.HOLDING, order, commands, (busy, held)).event is E.PUT_OFF
        both = decide(S.HOLDING, order, commands, (busy, NoAnswer("a timeout", retry_after_s=9.0)))
        assert (both.event, both.retry_after_s) == (E.NO_ANSWER, 9.0)
        assert decide(S.HOLDING, order, commands, (busy, Sold())).event is E.NO_ANSWER


def expected_of_money(state: SagaState, reply: Reply) -> SagaEvent:
    if isinstance(reply, Captured):
        captured = E.CHARGED if state is S.CHARGING else E.ALREADY_CHARGED
        return captured if reply.amount == eur(10) else E.UNFIT
    if isinstance(reply, Declined):
        return E.DECLINED if state is S.CHARGING else E.NO_ANSWER
    if isinstance(reply, NoAnswer) and reply.definite:
        return E.PUT_OFF
    return {Voided: E.VOIDED, Rejected: E.REJECTED}.get(type(reply), E.NO_ANSWER)


@pytest.mark.parametrize(("state", "reply"), list(product([S.CHARGING, S.VOIDING], REPLIES)))
def test_each_answer_of_the_wallet(state: SagaState, reply: Reply) -> None:
    order = order_of(Stock("hat"), prices=[eur(10)])
    assert decide(state, order, commands_of(state, order), [reply]).event is expected_of_money(state, reply)


@pytest.mark.parametrize(("state", "replies"), list(product([S.CONFIRMING, S.RELEASING], product(REPLIES, repeat=2))))
def test_each_pair_of_answers_to_the_last_step(state: SagaState, replies: tuple[Reply, Reply]) -> None:
    order = order_of(*MIXED, prices=[eur(1)] * 4)
    kind, done = (Sold, E.SOLD) if state is S.CONFIRMING else (Released, E.RELEASED)
    found = decide(state, order, commands_of(state, order), replies)
    others = [reply for reply in replies if not isinstance(reply, kind)]
    if not others:
        assert found.event is done
    elif any(isinstance(reply, Refused | Rejected) for reply in others):
        assert found.event is E.REJECTED
    elif all(isinstance(reply, NoAnswer) and reply.definite for reply in others):
        assert (found.event, found.retry_after_s) == (E.PUT_OFF, 2.0)
    else:
        assert found.event is E.NO_ANSWER
