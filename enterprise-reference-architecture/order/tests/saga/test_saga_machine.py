"""The pure machine: every state with every event, what an event makes of a saga, and where no way leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from saga_drawing import README, block

from trivet_order.application.saga import (
    ENDS,
    TABLE,
    TOO_LATE,
    Decision,
    Found,
    Row,
    Saga,
    SagaEvent,
    SagaPace,
    SagaState,
    advance,
    commands_of,
    first_event,
    leads,
    park,
    resume,
    retry_in_s,
    transition,
)
from trivet_order.domain import (
    BY_CUSTOMER,
    IllegalTransition,
    Money,
    OrderAggregate,
    OrderStatus,
    Outcome,
    Seat,
    Step,
    Stock,
)

S, E = SagaState, SagaEvent
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
PACE = SagaPace(step_deadline_s=60.0, park_after=3, retry_first_s=1.0, retry_max_s=10.0, lease_s=10.0)
PRICES = (Money(700, "EUR"), Money(300, "EUR"))

AGAIN, DONE, NEVER = "again", "=", "-"
# What follows from an event, by state: a state to go to, the same again, done before or too late (=), illegal (-).
EXPECTED = """
                | created    holding    charging   voiding    confirming releasing  confirmed  cancelled
begun           | holding    =          -          -          -          -          -          -
held            | -          charging   =          -          -          -          -          -
held free       | -          confirming -          -          =          -          -          -
refused         | -          releasing  -          -          -          =          -          -
unfit           | -          releasing  again      again      -          =          -          -
charged         | -          -          confirming -          =          -          -          -
declined        | -          -          releasing  -          -          =          -          -
rejected        | -          -          voiding    again      again      again      -          -
voided          | -          -          releasing  releasing  -          =          -          -
already charged | -          -          -          confirming =          -          -          -
sold            | -          -          -          -          confirmed  -          =          -
released        | -          -          -          -          -          cancelled  -          =
no answer       | -          again      again      again      again      again      -          -
put off         | -          again      again      again      again      again      -          -
cancel wished   | cancelled  releasing  voiding    =          =          =          =          =
deadline        | cancelled  releasing  voiding    =          =          =          =          =
parked          | again      again      again      again      again      again      -          -
resumed         | again      again      again      again      again      again      -          -
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in EXPECTED.strip("\n").splitlines()]
PAIRS = [
    (SagaState(state), SagaEvent(event), expected)
    for event, cells in ROWS[1:]
    for state, expected in zip(ROWS[0][1].split(), cells.split(), strict=True)
]
STATUSES = {
    S.CREATED: [OrderStatus.ORDER_CREATED],
    S.HOLDING: [OrderStatus.INVENTORY_PENDING],
    S.CHARGING: [OrderStatus.PAYMENT_PENDING],
    S.VOIDING: [OrderStatus.PAYMENT_PENDING],
    S.CONFIRMING: [OrderStatus.PAYMENT_PENDING],
    S.RELEASING: [OrderStatus.INVENTORY_PENDING, OrderStatus.PAYMENT_PENDING],
    S.CONFIRMED: [OrderStatus.ORDER_CONFIRMED],
    S.CANCELLED: [OrderStatus.ORDER_CANCELLED],
}


def order_that_is(status: OrderStatus, prices: tuple[Money, ...] = PRICES) -> OrderAggregate:
    order = OrderAggregate(UUID(int=7), customer_id="alice", account_id="alice-eur")
    order.add_item(Stock("umbrella"), 2)
    order.add_item(Seat("hamlet", "hold-1", "secret"), 1)
    order.place()
    steps: list[Callable[[], object]] = [
        order.begin,
        lambda: order.mark_reserved(prices),
        order.request_payment,
        order.mark_paid,
    ]
    for step in [] if status is OrderStatus.ORDER_CANCELLED else steps:
        if order.status is status:
            break
        step()
    if status is OrderStatus.ORDER_CANCELLED:
        order.cancel("sold out")
    order.pull_events(AT)
    return order


def saga_that_is(state: SagaState, attempts: int = 0, refusals: int = 0, reason: str | None = None) -> Saga:
    deadline_on = AT + timedelta(seconds=5) if state in {S.HOLDING, S.CHARGING} else None
    return Saga(UUID(int=7), state, 4, 3, attempts, deadline_on, reason, None, refusals)


def test_every_event_and_every_state_is_in_the_table_of_this_test() -> None:
    assert [(state, event) for state, event, _ in PAIRS] == [(s, e) for e in SagaEvent for s in SagaState]
    assert len(PAIRS) == 8 * 18


@pytest.mark.parametrize(("state", "event", "expected"), PAIRS)
def test_each_pair_has_its_answer(state: SagaState, event: SagaEvent, expected: str) -> None:
    if expected == NEVER:
        with pytest.raises(IllegalTransition):
            transition(state, event)
        assert leads(state, event) is None
    elif expected == DONE:
        assert transition(state, event) is Outcome.ALREADY_DONE
        assert leads(state, event) is None
    else:
        row = transition(state, event)
        assert isinstance(row, Row)
        assert leads(state, event) is row
        assert (row.state, row.event) == (state, event)
        assert row.next == (state if expected == AGAIN else expected)


def test_a_pair_has_one_row() -> None:
    assert len({(row.state, row.event) for row in TABLE}) == len(TABLE)
    assert not {(row.state, row.event) for row in TABLE} & TOO_LATE


def reachable(start: SagaState) -> set[SagaState]:
    found, queue = {start}, [start]
    while queue:
        state = queue.pop()
        for row in TABLE:
            if row.state is state and row.next not in found:
                found.add(row.next)
                queue.append(row.next)
    return found


def test_behind_the_pivot_every_way_leads_forward() -> None:
    assert reachable(S.CONFIRMING) == {S.CONFIRMING, S.CONFIRMED}


def test_what_is_taken_back_is_not_charged_any_more() -> None:
    assert reachable(S.RELEASING) == {S.RELEASING, S.CANCELLED}


def test_from_everywhere_an_end_is_reached_and_from_an_end_nothing() -> None:
    for state in SagaState:
        assert reachable(state) & ENDS
    assert not [row for row in TABLE if row.state in ENDS]


def test_once_a_charge_was_sent_only_the_wallet_takes_it_back() -> None:
    back = {row.event for row in TABLE if row.state is S.CHARGING and row.next is S.RELEASING}
    assert back == {E.DECLINED, E.VOIDED}
    assert {row.event for row in TABLE if row.state is S.VOIDING and row.next is S.RELEASING} == {E.VOIDED}


def test_an_order_is_cancelled_when_everything_is_released_or_nothing_was_begun() -> None:
    for row in TABLE:
        if any(step is Step.CANCEL for step, _ in row.moves):
            assert row.next is S.CANCELLED
            assert row.state is S.CREATED or (row.state, row.event) == (S.RELEASING, E.RELEASED)


@pytest.mark.parametrize("row", [row for row in TABLE if row.next is not row.state], ids=lambda row: row.label)
def test_the_order_takes_the_steps_of_each_row(row: Row) -> None:
    for status in STATUSES[row.state]:
        order = order_that_is(status)
        change = advance(saga_that_is(row.state), order, Decision(row.event, "so", PRICES), AT, PACE, lambda: 1.0)
        assert change.after.state is row.next
        assert order.status in STATUSES[row.next]
        assert change.order is order
        assert change.after.version == change.before.version + 1
        assert (change.after.attempts, change.after.refusals, change.after.parked) == (0, 0, None)
        assert len(change.events) == len(row.moves) == order.version - change.order_version
        assert [step.event for step in change.steps] == [row.event]
        assert (change.steps[0].state, change.steps[0].detail) == (row.state, "so")
        assert change.due_in_s == (None if row.next in ENDS else PACE.look_again_s)
        deadlined = row.next in {S.HOLDING, S.CHARGING}
        assert change.after.deadline_on == (AT + timedelta(seconds=60) if deadlined else None)


def test_what_changes_nothing_is_no_change() -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        advance(
            saga_that_is(S.CONFIRMING),
            order_that_is(OrderStatus.PAYMENT_PENDING),
            Decision(E.DEADLINE),
            AT,
            PACE,
            lambda: 1.0,
        )


@pytest.mark.parametrize(
    ("state", "decision", "before", "reason"),
    [
        (S.HOLDING, Decision(E.REFUSED, "out-of-stock: no hats at 10.0.0.7"), None, "out-of-stock"),
        (S.HOLDING, Decision(E.CANCEL_WISHED), None, BY_CUSTOMER),
        (S.HOLDING, Decision(E.DEADLINE), None, "it could not be held in time"),
        (S.CHARGING, Decision(E.DECLINED, "insufficient-funds: 3 short"), None, "payment failed: insufficient-funds"),
        (S.CHARGING, Decision(E.VOIDED), None, "payment failed: voided"),
        (S.CHARGING, Decision(E.REJECTED, "forbidden: no"), None, "payment failed: forbidden"),
        (S.CHARGING, Decision(E.DEADLINE), None, "it could not be paid in time"),
        (S.CHARGING, Decision(E.CANCEL_WISHED), None, BY_CUSTOMER),
        (S.VOIDING, Decision(E.VOIDED), BY_CUSTOMER, BY_CUSTOMER),
        (S.VOIDING, Decision(E.ALREADY_CHARGED), BY_CUSTOMER, None),
        (S.HOLDING, Decision(E.REFUSED, "x\n\0" + "y" * 400), None, "refused"),
        (S.HOLDING, Decision(E.REFUSED, ""), None, "refused"),
        (S.HOLDING, Decision(E.UNFIT, "EUR and USD"), None, "its prices do not fit together"),
        (S.CHARGING, Decision(E.DECLINED, "no-answer: inventory-1:8000"), None, "payment failed: declined"),
    ],
)
def test_why_it_is_taken_back(state: SagaState, decision: Decision, before: str | None, reason: str | None) -> None:
    order = order_that_is(STATUSES[state][0])
    change = advance(saga_that_is(state, reason=before), order, decision, AT, PACE, lambda: 1.0)
    assert change.after.reason == reason
    if change.after.state is S.RELEASING:
        end = advance(change.after, order, Decision(E.RELEASED), AT, PACE, lambda: 1.0)
        assert order.cancel_reason == reason
        assert end.after.state is S.CANCELLED


class TestRetries:
    @pytest.mark.parametrize("state", [S.HOLDING, S.CHARGING, S.VOIDING, S.CONFIRMING, S.RELEASING])
    @pytest.mark.parametrize("event", [E.NO_ANSWER, E.PUT_OFF])
    def test_what_was_not_answered_is_tried_for_ever_and_counted(self, state: SagaState, event: SagaEvent) -> None:
        order = order_that_is(STATUSES[state][0])
        saga = saga_that_is(state, attempts=40, refusals=1, reason="so")
        change = advance(saga, order, Decision(event, "a timeout"), AT, PACE, lambda: 1.0)
        assert (change.after.attempts, change.after.refusals, change.after.parked) == (41, 1, None)
        assert (change.after.reason, change.after.deadline_on) == ("so", saga.deadline_on)
        assert [(step.event, step.attempts) for step in change.steps] == [(event, 41)]
        assert change.due_in_s == (5.0 if saga.deadline_on else 10.0)
        assert not change.events

    def test_waits_are_spread_over_a_bound_that_doubles(self) -> None:
        assert [retry_in_s(attempts, PACE, lambda: 1.0) for attempts in (1, 2, 3, 4, 5, 1_000)] == [1, 2, 4, 8, 10, 10]
        assert retry_in_s(3, PACE, lambda: 0.0) == 0
        assert retry_in_s(3, PACE, lambda: 0.25) == 1

    def test_a_participant_is_left_alone_as_long_as_it_asks(self) -> None:
        order = order_that_is(OrderStatus.PAYMENT_PENDING)
        decision = Decision(E.NO_ANSWER, "503", retry_after_s=30.0)
        assert advance(saga_that_is(S.RELEASING), order, decision, AT, PACE, lambda: 0.1).due_in_s == 30

    def test_but_a_deadline_is_not_slept_through(self) -> None:
        order = order_that_is(OrderStatus.PAYMENT_PENDING)
        decision = Decision(E.NO_ANSWER, "503", retry_after_s=30.0)
        assert advance(saga_that_is(S.CHARGING), order, decision, AT, PACE, lambda: 0.1).due_in_s == 5
        late = AT + timedelta(seconds=99)
        assert advance(saga_that_is(S.CHARGING), order, decision, late, PACE, lambda: 0.1).due_in_s == 0

    @pytest.mark.parametrize("state", [S.VOIDING, S.CONFIRMING, S.RELEASING])
    def test_what_is_refused_again_and_again_is_parked(self, state: SagaState) -> None:
        order = order_that_is(OrderStatus.PAYMENT_PENDING)
        saga = saga_that_is(state, attempts=9, refusals=1)
        for refusals in (2, 3):
            change = advance(saga, order, Decision(E.REJECTED, "too-late: sold"), AT, PACE, lambda: 1.0)
            saga = change.after
            assert saga.refusals == refusals
        assert saga.parked == "too-late: sold"
        assert change.due_in_s is None
        assert [step.event for step in change.steps] == ["rejected", "parked"]

    @pytest.mark.parametrize("state", [S.CHARGING, S.VOIDING])
    def test_another_amount_than_the_total_is_parked_at_once(self, state: SagaState) -> None:
        order = order_that_is(OrderStatus.PAYMENT_PENDING)
        change = advance(saga_that_is(state), order, Decision(E.UNFIT, "7 for 8"), AT, PACE, lambda: 1.0)
        assert (change.after.state, change.after.parked, change.due_in_s) == (state, "7 for 8", None)
        assert [step.event for step in change.steps] == ["unfit", "parked"]


class TestOperators:
    @pytest.mark.parametrize("state", [state for state in SagaState if state not in ENDS])
    def test_what_is_parked_by_hand_goes_on_by_hand(self, state: SagaState) -> None:
        order = order_that_is(STATUSES[state][0])
        parked = park(Found(saga_that_is(state, attempts=3, refusals=2, reason="so"), order), "a closer\nlook")
        assert (parked.after.parked, parked.due_in_s, parked.after.version) == ("a closer look", None, 5)
        later = AT + timedelta(days=3)
        resumed = resume(Found(parked.after, order), later, 60.0)
        assert (resumed.after.parked, resumed.due_in_s, resumed.after.version) == (None, 0.0, 6)
        assert (resumed.after.attempts, resumed.after.refusals, resumed.after.reason) == (0, 0, "so")
        deadlined = state in {S.HOLDING, S.CHARGING}
        assert resumed.after.deadline_on == (later + timedelta(seconds=60) if deadlined else None)
        assert [step.event for step in (*parked.steps, *resumed.steps)] == ["parked", "resumed"]
        assert resumed.order_version == order.version

    @pytest.mark.parametrize("state", sorted(ENDS))
    def test_what_has_ended_stays_so(self, state: SagaState) -> None:
        found = Found(saga_that_is(state), order_that_is(STATUSES[state][0]))
        with pytest.raises(IllegalTransition):
            park(found, "why")
        with pytest.raises(IllegalTransition):
            resume(found, AT, 60.0)


class TestFirstEvents:
    @pytest.mark.parametrize(("state", "is_over"), list(product(SagaState, [False, True])))
    def test_a_wish_comes_first_where_it_changes_something(self, state: SagaState, is_over: bool) -> None:  # noqa: FBT001  - a parameter of the test
        order = order_that_is(STATUSES[state][0])
        if state not in ENDS and state is not S.CREATED:
            order.request_cancellation()
        now = AT + timedelta(seconds=10 if is_over else 0)
        event = first_event(saga_that_is(state), order, now)
        if state in {S.HOLDING, S.CHARGING}:
            assert event is E.CANCEL_WISHED
        else:
            assert event is (E.BEGUN if state is S.CREATED else None)

    @pytest.mark.parametrize("state", [S.HOLDING, S.CHARGING])
    def test_a_deadline_is_over_when_it_is_reached(self, state: SagaState) -> None:
        order, saga = order_that_is(STATUSES[state][0]), saga_that_is(state)
        assert first_event(saga, order, AT + timedelta(seconds=4.9)) is None
        assert first_event(saga, order, AT + timedelta(seconds=5)) is E.DEADLINE

    def test_an_order_that_was_cancelled_before_anything_was_begun_is_not_begun(self) -> None:
        assert first_event(saga_that_is(S.CREATED), order_that_is(OrderStatus.ORDER_CANCELLED), AT) is E.CANCEL_WISHED


@pytest.mark.parametrize("state", SagaState)
def test_what_is_asked_in_a_state_is_the_same_each_time(state: SagaState) -> None:
    for status in STATUSES[state]:
        asked = commands_of(state, order_that_is(status))
        assert asked == commands_of(state, order_that_is(status))
        assert bool(asked) == (state not in ENDS and state is not S.CREATED)
        assert all((each.order_id, each.customer_id) == (UUID(int=7), "alice") for each in asked)


def test_the_diagram_in_the_readme_is_the_table_drawn() -> None:
    assert block() in README.read_text(), "draw it anew: .venv/bin/python <order>/tests/saga/kit/saga_drawing.py"
