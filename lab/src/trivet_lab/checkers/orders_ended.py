"""Every order comes to an end, whatever broke on its way."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._witness import Violations


class OrdersEnded(Checker):
    """Looks where every order stands once nothing is under way any more.

    An order that is stuck is the mildest of what a checkout can do wrong, and the one that nobody notices: it sells
    nothing, refuses nothing, and keeps what it holds.
    """

    NAME: ClassVar[str] = "orders_ended"
    RULE: ClassVar[str] = "Every order is confirmed or cancelled once all is at rest."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)

    def finish(self) -> Ruling:
        """Rule over every order."""
        found, counts = Violations(), Counter[str]()
        for order in self._book.orders.values():
            counts[order.status] += 1
            if not (order.is_confirmed or order.is_cancelled):
                found.add(f"{order} is left at {order.status}", *self._book.about(order.order_id))
        ended = ", ".join(f"{count:,} {status.removeprefix('Order ').lower()}" for status, count in counts.items())
        return found.ruling(self._evidence, f"{len(self._book.orders):,} orders: {ended}")
