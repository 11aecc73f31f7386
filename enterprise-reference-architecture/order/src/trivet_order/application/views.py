"""What use cases answer with: plain data, without a secret and without a method that changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from trivet_order.domain import Money, OrderAggregate, OrderLine, OrderStatus, Seat, Stock


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
class CheckoutStep:
    """What happened to a checkout, in which state and after how many tries of it that came to nothing."""

    event: str
    state: str
    attempts: int
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutView:
    """How an order's checkout stands, and how it came there; ``parked`` says why nobody goes on with it."""

    order_id: UUID
    state: str
    attempts: int
    reason: str | None
    parked: str | None
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


def _line(line: OrderLine) -> LineView:
    match line.product:
        case Stock(item_id):
            return LineView(line.quantity, item_id=item_id, price=line.price)
        case Seat(show_id, hold_id):
            return LineView(line.quantity, show_id=show_id, hold_id=hold_id, price=line.price)
