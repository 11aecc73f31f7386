"""The order's books: orders, the events that were committed with them, the timeline made of these, and keys."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError
from trivet_lab.checkers._row import Row

CREATED, CONFIRMED, CANCELLED = "Order Created", "Order Confirmed", "Order Cancelled"
PENDING, RESERVED, PAYING = "Inventory Pending", "Inventory Reserved", "Payment Pending"
WISH = "CancellationRequested"
LEADS_TO = {
    "OrderCreated": CREATED,
    "InventoryRequested": PENDING,
    "InventoryReserved": RESERVED,
    "PaymentRequested": PAYING,
    "OrderConfirmed": CONFIRMED,
    "OrderCancelled": CANCELLED,
}
"""Where an order stands after each event; a wish to cancel changes nothing of it."""
FOLLOWS = {
    "OrderCreated": frozenset({""}),
    "InventoryRequested": frozenset({CREATED}),
    "InventoryReserved": frozenset({PENDING}),
    "PaymentRequested": frozenset({RESERVED}),
    "OrderConfirmed": frozenset({PAYING}),
    "OrderCancelled": frozenset({CREATED, PENDING, RESERVED, PAYING}),
    WISH: frozenset({PENDING, RESERVED, PAYING}),
}
"""Where an order can stand before each event; it stands nowhere before the first."""


class OrderRow(Row, gc=False):
    """One row of ``order.orders``; of an older service it does not say which account was to be charged."""

    LEDGER: ClassVar[str] = "order.orders"

    order_id: str
    customer_id: str
    status: str
    version: int
    account_id: str = ""
    cancellation_requested: bool = False

    @property
    def is_confirmed(self) -> bool:
        """Whether it is a sale."""
        return self.status == CONFIRMED

    @property
    def is_cancelled(self) -> bool:
        """Whether it ended without one."""
        return self.status == CANCELLED

    def __str__(self) -> str:
        """Say which order, for people."""
        return f"order {self.order_id} of {self.customer_id}"


class EventRow(Row, gc=False):
    """One row of ``order.outbox``: an event that was committed with its order's change."""

    LEDGER: ClassVar[str] = "order.outbox"

    event_id: str
    order_id: str
    order_version: int
    type: str
    published: bool

    def __str__(self) -> str:
        """Say which event, for people."""
        return f"{self.type} (version {self.order_version} of order {self.order_id})"


class TimelineRow(Row, gc=False):
    """One row of ``order.timeline``: an event as the projector wrote it down."""

    LEDGER: ClassVar[str] = "order.timeline"

    event_id: str
    order_id: str
    order_version: int
    type: str


class ParkedRow(Row, gc=False):
    """One row of ``order.parked``: a record that nobody could make anything of."""

    LEDGER: ClassVar[str] = "order.parked"

    topic: str
    partition: int
    record_offset: int
    reason: str
    replayed: bool


class KeyRow(Row, gc=False):
    """One row of ``order.keys``: which order a customer's key made."""

    LEDGER: ClassVar[str] = "order.keys"

    customer_id: str
    key: str
    order_id: str


def read_orders(evidence: Evidence) -> dict[str, OrderRow]:
    """Return every order by its id: a book.

    Raises:
        EvidenceError: the ledger is missing or damaged, or there is no order.
    """
    orders = {row.order_id: row for row in evidence.rows(OrderRow)}
    if not orders:
        raise EvidenceError(f"ledger {OrderRow.LEDGER} is empty: nothing was ordered")
    return orders


class Orders:
    """All ledgers of the order but what was parked, read once.

    ``events_of`` has an order's events by version, ``by_event`` the row of an event's id (the first, where it stands
    twice), ``keys_of`` the rows of a key and ``keys_to`` those that lead to an order.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no order.
        """
        self.orders = evidence.book(read_orders)
        self.events: list[EventRow] = []
        self.by_event: dict[str, EventRow] = {}
        self.events_of: defaultdict[str, list[EventRow]] = defaultdict(list)
        for event in evidence.rows(EventRow):
            self.events.append(event)
            self.by_event.setdefault(event.event_id, event)
            self.events_of[event.order_id].append(event)
        for several in self.events_of.values():
            several.sort(key=lambda event: event.order_version)
        self.timeline = list(evidence.rows(TimelineRow))
        self.keys_of: defaultdict[tuple[str, str], list[KeyRow]] = defaultdict(list)
        self.keys_to: defaultdict[str, list[KeyRow]] = defaultdict(list)
        for row in evidence.rows(KeyRow):
            self.keys_of[row.customer_id, row.key].append(row)
            self.keys_to[row.order_id].append(row)

    def standing(self, order_id: str, version: int) -> str | None:
        """Return where an order stood at a version, as its events say; None if they do not say."""
        status = None
        for event in self.events_of.get(order_id, ()):
            if event.order_version > version:
                break
            status = LEADS_TO.get(event.type, status)
        return status
