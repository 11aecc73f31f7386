"""The order's books: orders, the events that were committed with them, the timeline made of these, and keys."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer

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


class OrderRow(msgspec.Struct, gc=False):
    """One row of ``order.orders``; ``offset`` is where its line begins."""

    order_id: str
    customer_id: str
    status: str
    version: int
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.orders", self.offset)


class EventRow(msgspec.Struct, gc=False):
    """One row of ``order.outbox``: an event that was committed with its order's change."""

    event_id: str
    order_id: str
    order_version: int
    type: str
    published: bool
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.outbox", self.offset)

    def __str__(self) -> str:
        """Say which event, for people."""
        return f"{self.type} (version {self.order_version} of order {self.order_id})"


class TimelineRow(msgspec.Struct, gc=False):
    """One row of ``order.timeline``: an event as the projector wrote it down."""

    event_id: str
    order_id: str
    order_version: int
    type: str
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.timeline", self.offset)


class ParkedRow(msgspec.Struct, gc=False):
    """One row of ``order.parked``: a record that nobody could make anything of."""

    topic: str
    partition: int
    record_offset: int
    reason: str
    replayed: bool
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.parked", self.offset)


class KeyRow(msgspec.Struct, gc=False):
    """One row of ``order.keys``: which order a customer's key made."""

    customer_id: str
    key: str
    order_id: str
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.keys", self.offset)


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
        self.orders: dict[str, OrderRow] = {}
        for offset, order in evidence.ledger("order.orders", OrderRow):
            order.offset = offset
            self.orders[order.order_id] = order
        if not self.orders:
            raise EvidenceError("ledger order.orders is empty: nothing was ordered")
        self.events: list[EventRow] = []
        self.by_event: dict[str, EventRow] = {}
        self.events_of: defaultdict[str, list[EventRow]] = defaultdict(list)
        for offset, event in evidence.ledger("order.outbox", EventRow):
            event.offset = offset
            self.events.append(event)
            self.by_event.setdefault(event.event_id, event)
            self.events_of[event.order_id].append(event)
        for several in self.events_of.values():
            several.sort(key=lambda event: event.order_version)
        self.timeline: list[TimelineRow] = []
        for offset, entry in evidence.ledger("order.timeline", TimelineRow):
            entry.offset = offset
            self.timeline.append(entry)
        self.keys_of: defaultdict[tuple[str, str], list[KeyRow]] = defaultdict(list)
        self.keys_to: defaultdict[str, list[KeyRow]] = defaultdict(list)
        for offset, row in evidence.ledger("order.keys", KeyRow):
            row.offset = offset
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
