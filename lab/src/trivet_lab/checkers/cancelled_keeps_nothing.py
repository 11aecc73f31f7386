"""A cancelled order leaves nothing behind: nothing is held for it, and nobody paid."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts, standing, taking
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._orders import OrderRow
from trivet_lab.checkers._witness import Violations


class CancelledKeepsNothing(Checker):
    """Looks up every cancelled order in the sellers' books and the wallet's, and finds tombstones at most."""

    NAME: ClassVar[str] = "cancelled_keeps_nothing"
    RULE: ClassVar[str] = (
        "Of every cancelled order no goods and no seats are held, pinned or sold, and what was charged for it is 0."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)

    def finish(self) -> Ruling:
        """Rule over every cancelled order."""
        found = Violations()
        cancelled = [order for order in self._book.orders.values() if order.is_cancelled]
        for order in cancelled:
            if sentence := self._kept(order):
                found.add(f"{order} is cancelled, and {sentence}", *self._book.about(order.order_id))
        return found.ruling(self._evidence, f"{len(cancelled):,} cancelled orders, none keeps or took anything")

    def _kept(self, order: OrderRow) -> str:
        took = [charge for charge in self._book.charges_of.get(order.order_id, ()) if charge.takes]
        if took:
            return f"{sum(charge.net_minor for charge in took)} was taken for it by {took[0]}, which is {took[0].state}"
        if kept := standing(self._book.holds_of.get(order.order_id, ())):
            return f"{kept[0]} is {kept[0].state}"
        if seats := taking(self._book.settlements_of.get(order.order_id, ())):
            return f"{seats[0].hold} is {seats[0].state}"
        if rows := self._book.taken_of.get(order.order_id):
            return f"seat {rows[0].seat_id} is {rows[0].state} for it"
        return ""
