"""What happened to an order and what became of it are one story."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._orders import FOLLOWS, LEADS_TO, OrderRow, Orders
from trivet_lab.checkers._witness import Violations


class EventsEqualOrders(Checker):
    """Follows every order through the events that were committed with it, up to where its row says that it stands.

    Two that changed an order at once, of whom the second wrote over the first, leave a version with two events or one
    without; an event outside its order's transaction leaves an order that lacks it, or an event of no order.
    """

    NAME: ClassVar[str] = "events_equal_orders"
    RULE: ClassVar[str] = (
        "Every order has one committed event for each of its versions from 1 on, each can follow the one before, they "
        "lead to its status, and there is no event of any other."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule over every order, and then over what is no order's."""
        found = Violations()
        for order in self._book.orders.values():
            self._follow(order, found)
        for event in self._book.events:
            if event.order_id not in self._book.orders:
                found.add(f"{event} was committed without its order", event.pointer)
            elif self._book.by_event[event.event_id] is not event:
                found.add(
                    f"event {event.event_id} stands twice", self._book.by_event[event.event_id].pointer, event.pointer
                )
        told = (
            f"{len(self._book.orders):,} orders with {len(self._book.events):,} events, which lead to each one's status"
        )
        return found.ruling(self._evidence, told)

    def _follow(self, order: OrderRow, found: Violations) -> None:
        events = self._book.events_of.get(order.order_id, [])
        lines = [order.pointer, *(event.pointer for event in events)]
        versions = [event.order_version for event in events]
        if versions != list(range(1, order.version + 1)):
            found.add(
                f"order {order.order_id} is at version {order.version}, with events of {versions or 'none'}", *lines
            )
            return
        status = ""
        for event in events:
            if status not in FOLLOWS.get(event.type, frozenset()):
                found.add(f"{event} came when it was {status or 'no order yet'}", *lines)
                return
            status = LEADS_TO.get(event.type, status)
        if status != order.status:
            found.add(f"order {order.order_id} is {order.status}, and its events make it {status}", *lines)
