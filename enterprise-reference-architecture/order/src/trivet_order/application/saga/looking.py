"""What is to be done first about a saga that was just read: pure."""

from __future__ import annotations

from datetime import datetime

from trivet_order.application.saga.events import SagaEvent
from trivet_order.application.saga.ports import Saga
from trivet_order.application.saga.states import SagaState
from trivet_order.application.saga.transitions import leads
from trivet_order.domain import OrderAggregate, OrderStatus


def first_event(saga: Saga, order: OrderAggregate, now: datetime) -> SagaEvent | None:
    """Return what has happened to a saga before anybody is asked anything; None if its commands are to be sent.

    The customer's wish comes before the deadline, and both before anything new. ``now`` is by the store's clock.
    """
    is_unwanted = order.cancellation_requested or order.status is OrderStatus.ORDER_CANCELLED
    if is_unwanted and leads(saga.state, SagaEvent.CANCEL_WISHED):
        return SagaEvent.CANCEL_WISHED
    is_over = saga.deadline_on is not None and saga.deadline_on <= now
    if is_over and leads(saga.state, SagaEvent.DEADLINE):
        return SagaEvent.DEADLINE
    return SagaEvent.BEGUN if saga.state is SagaState.CREATED else None
