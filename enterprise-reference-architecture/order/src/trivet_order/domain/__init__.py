"""What an order is, and what must always hold of it. It knows the standard library and nothing else."""

from .errors import IllegalTransition, InvalidOrder, OrderError, TooLate
from .events import (
    ORDER_EVENTS,
    CancellationRequested,
    DomainEvent,
    InventoryRequested,
    InventoryReserved,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderEvent,
    PaymentRequested,
)
from .money import AMOUNT_MINOR_MAX, Money, total
from .order import BY_CUSTOMER, LINES_MAX, OrderAggregate, Outcome
from .order_line import QUANTITY_MAX, OrderLine
from .order_status import PRICED, TRANSITIONS, OrderStatus, Step
from .product import Product, Seat, Stock

__all__ = [
    "AMOUNT_MINOR_MAX",
    "BY_CUSTOMER",
    "LINES_MAX",
    "ORDER_EVENTS",
    "PRICED",
    "QUANTITY_MAX",
    "TRANSITIONS",
    "CancellationRequested",
    "DomainEvent",
    "IllegalTransition",
    "InvalidOrder",
    "InventoryRequested",
    "InventoryReserved",
    "Money",
    "OrderAggregate",
    "OrderCancelled",
    "OrderConfirmed",
    "OrderCreated",
    "OrderError",
    "OrderEvent",
    "OrderLine",
    "OrderStatus",
    "Outcome",
    "PaymentRequested",
    "Product",
    "Seat",
    "Step",
    "Stock",
    "TooLate",
    "total",
]
