"""What happened to an order, as facts that never change: each has one place in its order's history.

A field that is added later has a default, and a fact that changes its meaning is a new version of its event
(``application/messages.py``): what was published once is read for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from trivet_order.domain.money import Money
from trivet_order.domain.order_line import OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened; ``occurred_on`` is aware and in UTC."""

    event_id: UUID
    occurred_on: datetime

    def __post_init__(self) -> None:
        """Refuse an instant that is not in UTC (ValueError): it would mean another one elsewhere."""
        if self.occurred_on.utcoffset() != timedelta(0):
            raise ValueError(f"{self.occurred_on} is not in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(DomainEvent):
    """Something that happened to the order ``aggregate_id``, and brought it to ``aggregate_version``, from 1 on."""

    aggregate_id: UUID
    aggregate_version: int

    def __post_init__(self) -> None:
        """Refuse a version that nothing has (ValueError)."""
        DomainEvent.__post_init__(self)
        if self.aggregate_version < 1:
            raise ValueError(f"no event makes version {self.aggregate_version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCreated(OrderEvent):
    """A customer ordered these lines, to be paid from that account."""

    customer_id: str
    account_id: str
    items: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRequested(OrderEvent):
    """Every line is to be held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryReserved(OrderEvent):
    """Every line is held and pinned for this order; the prices, one a line in their order, are fixed."""

    prices: tuple[Money, ...]
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequested(OrderEvent):
    """The total is to be charged."""

    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(OrderEvent):
    """It is paid; what was held is the customer's."""

    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequested(OrderEvent):
    """The customer does not want it any more; whether that is still possible is decided where it is paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderEvent):
    """It ended without a sale, and nothing of it is held any more."""

    reason: str


ORDER_EVENTS: tuple[type[OrderEvent], ...] = (
    OrderCreated,
    InventoryRequested,
    InventoryReserved,
    PaymentRequested,
    OrderConfirmed,
    CancellationRequested,
    OrderCancelled,
)
"""Every event that there is."""
