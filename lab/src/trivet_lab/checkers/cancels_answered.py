"""Who cancels an order is told what becomes of it, and nobody else cancels it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import CANCEL, NOT_FOUND, TOO_LATE, Asked, Crowd
from trivet_lab.checkers._orders import CANCELLED, WISH, EventRow, Orders
from trivet_lab.checkers._witness import Violations

ENDED, CONFIRMED = "OrderCancelled", "OrderConfirmed"


class CancelsAnswered(Checker):
    """Compares every answer to a cancellation with what the order's events say became of it.

    Asking twice is asking once: the second is accepted as the first was, and leaves no second event (which would be no
    transition). An order that nothing was begun for ends at its customer's wish alone, so there has to be one.
    """

    NAME: ClassVar[str] = "cancels_answered"
    RULE: ClassVar[str] = (
        "Every accepted cancellation shows its order cancelled or to be, and is among its events, none is refused as "
        "too late of an order that was never confirmed, no customer's own order is not found, and none is cancelled "
        "that nobody wanted so."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule over every cancellation, and over every order that is cancelled."""
        found = Violations()
        accepted = 0
        wanted: dict[str, list[Asked]] = {}
        for order_id, several in self._crowd.about.items():
            for asked in several:
                if asked.f == CANCEL:
                    accepted += asked.is_ok
                    wanted.setdefault(order_id, []).append(asked)
                    self._judge(order_id, asked, found)
        for order_id, events in self._book.events_of.items():
            if not any(asked.may_have_happened for asked in wanted.get(order_id, ())):
                for event in _by_wish(events):
                    asked_for = [asked.pointer for asked in wanted.get(order_id, ())]
                    found.add(f"{event} was committed, and nobody can have cancelled it", event.pointer, *asked_for)
        unreadable = self._evidence.history.unreadable
        if 0 < found.count <= unreadable:
            return Ruling("unknown", f"{unreadable:,} lines of the history are unreadable, and may have been wishes")
        if not wanted:
            raise EvidenceError("nobody cancelled an order")
        return found.ruling(self._evidence, f"{accepted:,} cancellations of {len(wanted):,} orders, each was as told")

    def _judge(self, order_id: str, asked: Asked, found: Violations) -> None:
        events = self._book.events_of.get(order_id, [])
        types = {event.type for event in events}
        what = f"the cancellation of order {order_id}"
        lines = [asked.pointer, *(event.pointer for event in events)]
        if asked.is_ok:
            view = asked.view
            if view and view.status != CANCELLED and not view.cancellation_requested:
                found.add(f"{what} was accepted, and it was shown as {view.status}", *lines)
            elif not types & {ENDED, WISH}:
                found.add(f"{what} was accepted, and is not among its events", *lines)
        elif asked.code == TOO_LATE and CONFIRMED not in types:
            found.add(f"{what} was refused as too late, and it was never confirmed", *lines)
        elif asked.code == NOT_FOUND and not asked.lost:
            found.add(f"{what} was answered as if there were none", *lines)


def _by_wish(events: list[EventRow]) -> list[EventRow]:
    """Return the events that only a customer's wish can have made."""
    begun = any(event.type == "InventoryRequested" for event in events)
    return [event for event in events if event.type == WISH or (event.type == ENDED and not begun)]
