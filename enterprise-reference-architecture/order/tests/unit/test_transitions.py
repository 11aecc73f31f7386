"""Every step from every status, one by one: where it leads, that it was taken before, or that it is refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import pairwise
from uuid import uuid4

import pytest
from order_contracts.samples import AT, PRICES, placed

from trivet_order.domain import (
    BY_CUSTOMER,
    EVENTS_MIN,
    PRICED,
    TRANSITIONS,
    UNPRICED,
    IllegalTransition,
    OrderAggregate,
    OrderStatus,
    Outcome,
    Step,
    Stock,
    TooLate,
)

CREATED, PENDING, RESERVED, PAYING, CONFIRMED, CANCELLED = OrderStatus
STEPS: dict[str, Callable[[OrderAggregate], Outcome | None]] = {
    "begin": OrderAggregate.begin,
    "mark_reserved": lambda order: order.mark_reserved(PRICES),
    "request_payment": OrderAggregate.request_payment,
    "mark_paid": OrderAggregate.mark_paid,
    "cancel": lambda order: order.cancel("sold out"),
    "request_cancellation": OrderAggregate.request_cancellation,
    "place": OrderAggregate.place,
    "add_item": lambda order: order.add_item(Stock("kettle"), 1),
}
WAY = {
    CREATED: [],
    PENDING: ["begin"],
    RESERVED: ["begin", "mark_reserved"],
    PAYING: ["begin", "mark_reserved", "request_payment"],
    CONFIRMED: ["begin", "mark_reserved", "request_payment", "mark_paid"],
    CANCELLED: ["begin", "cancel"],
}
DONE, AGAIN, ILLEGAL, LATE = Outcome.DONE, Outcome.ALREADY_DONE, IllegalTransition, TooLate
# What becomes of each step, from each status; where it leads stands in LEADS.
TABLE: dict[str, list[object]] = {
    #                        CREATED  PENDING  RESERVED PAYING   CONFIRMED CANCELLED
    "begin":                [DONE,    AGAIN,   ILLEGAL, ILLEGAL, ILLEGAL,  ILLEGAL],
    "mark_reserved":        [ILLEGAL, DONE,    AGAIN,   ILLEGAL, ILLEGAL,  ILLEGAL],
    "request_payment":      [ILLEGAL, ILLEGAL, DONE,    AGAIN,   ILLEGAL,  ILLEGAL],
    "mark_paid":            [ILLEGAL, ILLEGAL, ILLEGAL, DONE,    AGAIN,    ILLEGAL],
    "cancel":               [DONE,    DONE,    DONE,    DONE,    LATE,     AGAIN],
    "request_cancellation": [DONE,    DONE,    DONE,    DONE,    LATE,     AGAIN],
    "place":                [ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL,  ILLEGAL],
    "add_item":             [ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL,  ILLEGAL],
}  # fmt: skip
LEADS = {
    "begin": PENDING,
    "mark_reserved": RESERVED,
    "request_payment": PAYING,
    "mark_paid": CONFIRMED,
    "cancel": CANCELLED,
}
CASES = [(step, status, TABLE[step][place]) for step in STEPS for place, status in enumerate(OrderStatus)]


def order_that_is(status: OrderStatus) -> OrderAggregate:
    order = placed()
    for step in WAY[status]:
        STEPS[step](order)
    order.pull_events(AT)
    assert order.status is status
    return order


def snapshot(order: OrderAggregate) -> tuple[object, ...]:
    return order.status, order.version, order.items, order.cancellation_requested, order.cancel_reason


def test_the_table_is_whole() -> None:
    assert list(TABLE) == list(STEPS)
    assert {len(row) for row in TABLE.values()} == {len(OrderStatus)}


@pytest.mark.parametrize(
    ("step", "status", "expected"), CASES, ids=[f"{step} of {status}" for step, status, _ in CASES]
)
def test_a_step_does_what_the_table_says(step: str, status: OrderStatus, expected: object) -> None:
    order = order_that_is(status)
    before = snapshot(order)
    if expected is DONE:
        assert STEPS[step](order) is DONE
        at_once = step == "request_cancellation" and status is CREATED
        assert order.status is (CANCELLED if at_once else LEADS.get(step, status))
        assert order.version == before[1] + 1 == len(order.pull_events(AT)) + before[1]
    elif expected is AGAIN:
        assert STEPS[step](order) is AGAIN
        assert snapshot(order) == before
        assert order.pull_events(AT) == ()
    else:
        with pytest.raises(expected):  # type: ignore[call-overload]  # one of the two errors
            STEPS[step](order)
        assert snapshot(order) == before
        assert order.pull_events(AT) == ()


@pytest.mark.parametrize("step", [step for step in STEPS if step not in {"place", "add_item"}])
def test_an_order_that_was_not_placed_takes_no_step(step: str) -> None:
    order = OrderAggregate(uuid4(), customer_id="alice", account_id="a")
    for number in range(len(PRICES)):
        order.add_item(Stock(f"item-{number}"), 1)
    with pytest.raises(IllegalTransition, match="not placed"):
        STEPS[step](order)
    assert (order.status, order.version, order.pull_events(AT)) == (CREATED, 0, ())


def test_the_transitions_are_those_of_the_table() -> None:
    names = {Step.BEGIN: "begin", Step.RESERVE: "mark_reserved", Step.REQUEST_PAYMENT: "request_payment"}
    names |= {Step.PAY: "mark_paid", Step.CANCEL: "cancel"}
    expected = {
        (status, step)
        for step in Step
        for status, what in zip(OrderStatus, TABLE[names[step]], strict=True)
        if what is DONE
    }
    assert set(TRANSITIONS) == expected
    assert {step: {end for (_, each), end in TRANSITIONS.items() if each is step} for step in Step} == {
        step: {LEADS[names[step]]} for step in Step
    }


def test_the_fewest_events_are_those_of_the_shortest_way() -> None:
    fewest, queue = {CREATED: 1}, deque([CREATED])
    while queue:
        status = queue.popleft()
        for (start, _), end in TRANSITIONS.items():
            if start is status and end not in fewest:
                fewest[end] = fewest[status] + 1
                queue.append(end)
    assert fewest == EVENTS_MIN


def test_every_status_but_the_cancelled_one_has_its_prices_or_has_none() -> None:
    assert set(OrderStatus) - {CANCELLED} == PRICED | UNPRICED
    assert not PRICED & UNPRICED


def test_each_status_is_reached_on_the_way_to_the_next() -> None:
    happy = [CREATED, PENDING, RESERVED, PAYING, CONFIRMED]
    assert all(WAY[later][:-1] == WAY[earlier] for earlier, later in pairwise(happy))


def test_the_statuses_are_called_as_everybody_knows_them() -> None:
    assert [str(status) for status in OrderStatus] == [
        "Order Created",
        "Inventory Pending",
        "Inventory Reserved",
        "Payment Pending",
        "Order Confirmed",
        "Order Cancelled",
    ]


class TestCancellation:
    def test_an_order_that_nothing_was_begun_for_ends_at_once(self) -> None:
        order = order_that_is(CREATED)
        order.request_cancellation()
        assert (order.status, order.cancel_reason, order.cancellation_requested) == (CANCELLED, BY_CUSTOMER, False)

    @pytest.mark.parametrize("status", [PENDING, RESERVED, PAYING])
    def test_of_any_other_it_is_a_wish_that_is_told_once(self, status: OrderStatus) -> None:
        order = order_that_is(status)
        assert order.request_cancellation() is DONE
        assert (order.status, order.cancellation_requested, order.cancel_reason) == (status, True, None)
        version = order.version
        assert order.request_cancellation() is AGAIN
        assert order.version == version

    def test_an_order_that_is_not_wanted_may_be_confirmed_all_the_same(self) -> None:
        order = order_that_is(PAYING)
        order.request_cancellation()
        assert order.mark_paid() is DONE
        with pytest.raises(TooLate):
            order.request_cancellation()

    def test_the_first_reason_stays(self) -> None:
        order = order_that_is(PENDING)
        order.cancel("sold out")
        assert order.cancel("no money") is AGAIN
        assert order.cancel_reason == "sold out"
