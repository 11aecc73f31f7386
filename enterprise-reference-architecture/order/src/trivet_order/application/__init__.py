"""What can be done with orders: one use case a file, over ports that the adapters implement."""

from .cancel_order import CancelOrder, CancelOrderUseCase
from .create_order import CreateOrder, CreateOrderUseCase, Wanted
from .errors import DataRefused, KeyInFlight, KeyReused, OrderChanged, OrderNotFound, StoreUnavailable
from .gapless import gapless
from .get_order import GetOrder, GetOrderUseCase
from .list_orders import PAGE_MAX, ListOrders, ListOrdersUseCase
from .messages import UNTOLD, VERSIONS, Message, UnreadableMessage, event_of, read, tell
from .ports import (
    CheckoutsPort,
    Clock,
    EventPublisherPort,
    KeysPort,
    OrderQueriesPort,
    OrderRepositoryPort,
    TimelinePort,
    UnitOfWork,
    UnitsOfWork,
)
from .read_checkout import ReadCheckout, ReadCheckoutUseCase
from .read_timeline import ReadTimeline, ReadTimelineUseCase
from .refusal_codes import REFUSAL_CODES, code_of, refused_with
from .views import (
    CheckoutRecord,
    CheckoutStep,
    CheckoutView,
    LineView,
    OrderPage,
    OrderView,
    RecordedStep,
    TimelineEntry,
    as_customer_sees,
    view_as_accepted,
    view_of,
)

__all__ = [
    "PAGE_MAX",
    "REFUSAL_CODES",
    "UNTOLD",
    "VERSIONS",
    "CancelOrder",
    "CancelOrderUseCase",
    "CheckoutRecord",
    "CheckoutStep",
    "CheckoutView",
    "CheckoutsPort",
    "Clock",
    "CreateOrder",
    "CreateOrderUseCase",
    "DataRefused",
    "EventPublisherPort",
    "GetOrder",
    "GetOrderUseCase",
    "KeyInFlight",
    "KeyReused",
    "KeysPort",
    "LineView",
    "ListOrders",
    "ListOrdersUseCase",
    "Message",
    "OrderChanged",
    "OrderNotFound",
    "OrderPage",
    "OrderQueriesPort",
    "OrderRepositoryPort",
    "OrderView",
    "ReadCheckout",
    "ReadCheckoutUseCase",
    "ReadTimeline",
    "ReadTimelineUseCase",
    "RecordedStep",
    "StoreUnavailable",
    "TimelineEntry",
    "TimelinePort",
    "UnitOfWork",
    "UnitsOfWork",
    "UnreadableMessage",
    "Wanted",
    "as_customer_sees",
    "code_of",
    "event_of",
    "gapless",
    "read",
    "refused_with",
    "tell",
    "view_as_accepted",
    "view_of",
]
