"""What becomes of a saga and its order when something happens: the change to write. Pure but for the order it is given.

The order is the caller's own, as it was read, and takes its steps here; if the change is not written after all, the
caller drops it and reads both anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from trivet_order.application.refusal_codes import code_of
from trivet_order.application.saga.deciding import Decision
from trivet_order.application.saga.events import SagaEvent
from trivet_order.application.saga.pace import SagaPace, retry_in_s
from trivet_order.application.saga.ports import Change, Saga
from trivet_order.application.saga.ports import Step as Happened
from trivet_order.application.saga.states import ENDS, SagaState
from trivet_order.application.saga.transitions import Row, transition
from trivet_order.domain import BY_CUSTOMER, TEXT_CHARACTERS_MAX, OrderAggregate, Outcome, Step

_WITH_DEADLINE = frozenset({SagaState.HOLDING, SagaState.CHARGING})
_TOO_SLOW = {
    SagaState.CREATED: "it was not begun in time",
    SagaState.HOLDING: "it could not be held in time",
    SagaState.CHARGING: "it could not be paid in time",
}
_UNFIT = "its prices do not fit together"
_FORGOTTEN = "it is taken back"


def advance(
    saga: Saga,
    order: OrderAggregate,
    decision: Decision,
    now: datetime,
    pace: SagaPace,
    jitter: Callable[[], float],
) -> Change:
    """Return what an event makes of a saga and its order, which takes its steps.

    Args:
        saga: as it was read or written last.
        order: with no event that was not pulled.
        decision: what happened.
        now: by the store's clock.
        pace: when to try again, and when to give up.
        jitter: a random number from 0 to 1.

    Raises:
        IllegalTransition: it cannot happen.
        ValueError: it has happened, or changes nothing.
    """
    row = transition(saga.state, decision.event)
    if row is Outcome.ALREADY_DONE:
        raise ValueError(f"{decision.event} changes nothing of a saga that is {saga.state}")
    if row.next is saga.state:
        return _stay(saga, order, decision, row, (now, pace, jitter))
    order_version = order.version
    reason = _reason(saga, decision) if row.next not in _FORWARD else None
    for step, _ in row.moves:
        _take(order, step, decision, reason)
    deadline_on = now + timedelta(seconds=pace.step_deadline_s) if row.next in _WITH_DEADLINE else None
    after = Saga(saga.order_id, row.next, saga.version + 1, saga.shard, deadline_on=deadline_on, reason=reason)
    steps = (Happened(decision.event, saga.state, saga.attempts, _told(decision)),)
    events = order.pull_events(now) if row.moves else ()
    return Change(saga, after, order, order_version, events, steps, None if row.next in ENDS else pace.look_again_s)


def _stay(
    saga: Saga,
    order: OrderAggregate,
    decision: Decision,
    row: Row,
    rules: tuple[datetime, SagaPace, Callable[[], float]],
) -> Change:
    """Return the change of a saga that stays in its state: tried again later, or parked."""
    now, pace, jitter = rules
    attempts = saga.attempts + row.again
    refusals = saga.refusals + (decision.event is SagaEvent.REJECTED)
    steps: tuple[Happened, ...] = (Happened(decision.event, saga.state, attempts, _told(decision)),)
    parked = None
    if decision.event is SagaEvent.UNFIT or (decision.event is SagaEvent.REJECTED and refusals >= pace.park_after):
        parked = _told(decision) or decision.event.value
        steps = (*steps, Happened(SagaEvent.PARKED, saga.state, attempts, parked))
    after = Saga(
        saga.order_id,
        saga.state,
        saga.version + 1,
        saga.shard,
        attempts,
        saga.deadline_on,
        saga.reason,
        parked,
        refusals,
    )
    due_in_s: float | None = None
    if parked is None:
        due_in_s = max(retry_in_s(attempts, pace, jitter), decision.retry_after_s)
        if saga.deadline_on is not None:
            due_in_s = min(due_in_s, max(0.0, (saga.deadline_on - now).total_seconds()))
    return Change(saga, after, order, order.version, (), steps, due_in_s)


def _take(order: OrderAggregate, step: Step, decision: Decision, reason: str | None) -> None:
    if step is Step.BEGIN:
        order.begin()
    elif step is Step.RESERVE:
        order.mark_reserved(decision.prices)
    elif step is Step.REQUEST_PAYMENT:
        order.request_payment()
    elif step is Step.PAY:
        order.mark_paid()
    else:
        order.cancel(reason or _FORGOTTEN)


def _reason(saga: Saga, decision: Decision) -> str:
    """Return why it is taken back: what is said first stays.

    Everybody reads it, in the order and in its event, so it is of our own words and a refusal's code.
    """
    if saga.reason is not None:
        return saga.reason
    if decision.event is SagaEvent.CANCEL_WISHED:
        return BY_CUSTOMER
    if decision.event is SagaEvent.DEADLINE:
        return _TOO_SLOW[saga.state]
    if decision.event is SagaEvent.UNFIT:
        return _UNFIT
    said = code_of(decision.detail) or decision.event.value
    return f"payment failed: {said}" if saga.state is SagaState.CHARGING else said


def _told(decision: Decision) -> str | None:
    return None if decision.detail is None else printable(decision.detail)


def printable(said: str) -> str:
    """Return what somebody else said as one line, not too long, of what can be stored and read everywhere."""
    line = "".join(each if each.isprintable() else " " for each in said)
    return line[:TEXT_CHARACTERS_MAX] or _FORGOTTEN


_FORWARD = frozenset({SagaState.HOLDING, SagaState.CHARGING, SagaState.CONFIRMING, SagaState.CONFIRMED})
