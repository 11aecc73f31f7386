"""What use cases answer with: plain data, without a secret and without a method that changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from trivet_order.application.refusal_codes import code_of
from trivet_order.domain import Money, OrderAggregate, OrderLine, OrderStatus, Seat, Stock

_PARKED = "parked"
"""``SagaEvent.PARKED``, which stands in a package that imports this one."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line: of stock (``item_id``) or of seats (``show_id`` and ``hold_id``; never the hold's token)."""

    quantity: int
    item_id: str | None = None
    show_id: str | None = None
    hold_id: str | None = None
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its customer sees it."""

    id: UUID
    customer_id: str
    account_id: str
    status: str
    version: int
    lines: tuple[LineView, ...]
    total: Money | None
    cancellation_requested: bool
    cancel_reason: str | None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some of a customer's orders, the newest first; ``next`` is what to ask for the following ones with."""

    orders: tuple[OrderView, ...]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """What happened to an order at one of its versions, and when the timeline learned of it."""

    order_id: UUID
    version: int
    event_id: UUID
    type: str
    occurred_on: datetime
    recorded_on: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """What happened to a checkout, in which state and after how many tries of it that came to nothing.

    ``detail`` is what a participant or an exception said: it may name an inner service, and is for operators alone.
    """

    event: str
    state: str
    attempts: int
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutRecord:
    """A checkout as it is recorded, with its steps, for operators; ``parked`` says why nobody goes on with it."""

    order_id: UUID
    state: str
    attempts: int
    reason: str | None
    parked: str | None
    steps: tuple[RecordedStep, ...]


@dataclass(frozen=True, slots=True)
class CheckoutStep:
    """A step as the order's customer sees it: if something was refused, by its code (``refusal_codes.py``) alone."""

    event: str
    state: str
    attempts: int
    code: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutView:
    """A checkout as the order's customer sees it; ``is_parked`` says that nobody goes on until an operator says so."""

    order_id: UUID
    state: str
    attempts: int
    reason: str | None
    is_parked: bool
    steps: tuple[CheckoutStep, ...]


def view_of(order: OrderAggregate) -> OrderView:
    """Return an order as plain data."""
    return OrderView(
        id=order.id,
        customer_id=order.customer_id,
        account_id=order.account_id,
        status=order.status.value,
        version=order.version,
        lines=tuple(_line(line) for line in order.items),
        total=order.total,
        cancellation_requested=order.cancellation_requested,
        cancel_reason=order.cancel_reason,
    )


def view_as_accepted(order: OrderAggregate) -> OrderView:
    """Return an order as it was when it was accepted, whatever has become of it: what its customer was told then.

    It follows from what never changes of an order, so that nothing has to be kept of the answer.
    """
    return replace(
        view_of(order),
        status=OrderStatus.ORDER_CREATED.value,
        version=1,
        lines=tuple(_line(replace(line, price=None)) for line in order.items),
        total=None,
        cancellation_requested=False,
        cancel_reason=None,
    )


def as_customer_sees(record: CheckoutRecord) -> CheckoutView:
    """Return a checkout without what was said of it: neither details nor why it is parked are the customer's.

    Why it is parked stands in a step's detail too, in an operator's own words, which may begin like a code.
    """
    steps = (
        CheckoutStep(
            each.event, each.state, each.attempts, None if each.event == _PARKED else code_of(each.detail), each.at
        )
        for each in record.steps
    )
    is_parked = record.parked is not None
    return CheckoutView(record.order_id, record.state, record.attempts, record.reason, is_parked, tuple(steps))


def _line(line: OrderLine) -> LineView:
    match line.product:
        case Stock(item_id):
            return LineView(line.quantity, item_id=item_id, price=line.price)
        case Seat(show_id, hold_id):
            return LineView(line.quantity, show_id=show_id, hold_id=hold_id, price=line.price)
