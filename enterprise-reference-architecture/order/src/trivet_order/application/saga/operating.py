"""What an operator does to a checkout by hand: park it, and have it tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from trivet_order.application.saga.advancing import printable
from trivet_order.application.saga.events import SagaEvent
from trivet_order.application.saga.ports import Change, Found, Step
from trivet_order.application.saga.transitions import transition


def park(found: Found, why: str) -> Change:
    """Return the change after which nobody tries any more until it is resumed; what is in flight is refused its write.

    Raises:
        IllegalTransition: it has ended.
    """
    saga = found.saga
    transition(saga.state, SagaEvent.PARKED)
    after = replace(saga, version=saga.version + 1, parked=printable(why))
    steps = (Step(SagaEvent.PARKED, saga.state, saga.attempts, after.parked),)
    return Change(saga, after, found.order, found.order.version, (), steps, None)


def is_parking(change: Change) -> bool:
    """Return whether a change does nothing but park: the least that can be recorded of a saga."""
    return all(step.event == SagaEvent.PARKED for step in change.steps)


def resume(found: Found, now: datetime, step_deadline_s: float) -> Change:
    """Return the change after which it is tried again at once, as if for the first time, and in a time of its own.

    Raises:
        IllegalTransition: it has ended.
    """
    saga = found.saga
    transition(saga.state, SagaEvent.RESUMED)
    deadline_on = None if saga.deadline_on is None else now + timedelta(seconds=step_deadline_s)
    after = replace(saga, version=saga.version + 1, attempts=0, refusals=0, deadline_on=deadline_on, parked=None)
    steps = (Step(SagaEvent.RESUMED, saga.state, saga.attempts),)
    return Change(saga, after, found.order, found.order.version, (), steps, 0.0)
