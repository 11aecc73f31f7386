"""Where an order stands, and which steps lead from where to where."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class OrderStatus(StrEnum):
    """The states of the checkout saga as everybody sees them."""

    ORDER_CREATED = "Order Created"
    INVENTORY_PENDING = "Inventory Pending"
    INVENTORY_RESERVED = "Inventory Reserved"
    PAYMENT_PENDING = "Payment Pending"
    ORDER_CONFIRMED = "Order Confirmed"
    ORDER_CANCELLED = "Order Cancelled"


class Step(StrEnum):
    """What moves an order on."""

    BEGIN = "begin"
    RESERVE = "reserve"
    REQUEST_PAYMENT = "request payment"
    PAY = "pay"
    CANCEL = "cancel"


_S = OrderStatus
TRANSITIONS: Mapping[tuple[OrderStatus, Step], OrderStatus] = MappingProxyType(
    {
        (_S.ORDER_CREATED, Step.BEGIN): _S.INVENTORY_PENDING,
        (_S.INVENTORY_PENDING, Step.RESERVE): _S.INVENTORY_RESERVED,
        (_S.INVENTORY_RESERVED, Step.REQUEST_PAYMENT): _S.PAYMENT_PENDING,
        (_S.PAYMENT_PENDING, Step.PAY): _S.ORDER_CONFIRMED,
        (_S.ORDER_CREATED, Step.CANCEL): _S.ORDER_CANCELLED,
        (_S.INVENTORY_PENDING, Step.CANCEL): _S.ORDER_CANCELLED,
        (_S.INVENTORY_RESERVED, Step.CANCEL): _S.ORDER_CANCELLED,
        (_S.PAYMENT_PENDING, Step.CANCEL): _S.ORDER_CANCELLED,
    }
)
"""Every step that there is. Any other is illegal, unless its status is reached already: then it was taken before."""

EVENTS_MIN: Mapping[OrderStatus, int] = MappingProxyType(
    {
        _S.ORDER_CREATED: 1,
        _S.INVENTORY_PENDING: 2,
        _S.INVENTORY_RESERVED: 3,
        _S.PAYMENT_PENDING: 4,
        _S.ORDER_CONFIRMED: 5,
        _S.ORDER_CANCELLED: 2,
    }
)
"""How many events at least brought an order there: one that placed it, and one a step on the shortest way."""

PRICED = frozenset({_S.INVENTORY_RESERVED, _S.PAYMENT_PENDING, _S.ORDER_CONFIRMED})
"""Once everything is reserved each line has its price."""

UNPRICED = frozenset({_S.ORDER_CREATED, _S.INVENTORY_PENDING})
"""Before that none has; an order that is cancelled has them all or none."""
