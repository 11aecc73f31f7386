"""What an order is, and what must always hold of it. It knows the standard library and nothing else."""

from .errors import IllegalTransition, InvalidOrder, OrderError, PricesFixed, TooLate
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
from .order_status import EVENTS_MIN, PRICED, TRANSITIONS, UNPRICED, OrderStatus, Step
from .product import Product, Seat, Stock
from .text import TEXT_CHARACTERS_MAX, ensure_text

__all__ = [
    "AMOUNT_MINOR_MAX",
    "BY_CUSTOMER",
    "EVENTS_MIN",
    "LINES_MAX",
    "ORDER_EVENTS",
    "PRICED",
    "QUANTITY_MAX",
    "TEXT_CHARACTERS_MAX",
    "TRANSITIONS",
    "UNPRICED",
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
    "PricesFixed",
    "Product",
    "Seat",
    "Step",
    "Stock",
    "TooLate",
    "ensure_text",
    "total",
]
