"""Whoever is told that an order is confirmed has all of it, and paid for it once."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts, taking
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._orders import OrderRow
from trivet_lab.checkers._seats import SOLD
from trivet_lab.checkers._witness import Violations


class ConfirmedSoldAndPaid(Checker):
    """Looks up every confirmed order in the sellers' books and the wallet's, and asks for exactly its own there.

    The total is what the sellers say that they sold it for: the order's own books may be as wrong as the rest of it.
    """

    NAME: ClassVar[str] = "confirmed_sold_and_paid"
    RULE: ClassVar[str] = (
        "Every confirmed order has one sold hold of just its goods and a sold settlement of each of its holds of "
        "seats, and exactly one charge that captured the exact total and gave nothing back."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)

    def finish(self) -> Ruling:
        """Rule over every confirmed order."""
        found = Violations()
        confirmed = [order for order in self._book.orders.values() if order.is_confirmed]
        for order in confirmed:
            if sentence := self._unsold(order) or self._unpaid(order):
                found.add(f"{order} is confirmed, and {sentence}", *self._book.about(order.order_id))
        return found.ruling(self._evidence, f"{len(confirmed):,} confirmed orders, each sold whole and paid once")

    def _unsold(self, order: OrderRow) -> str:
        """Return what is wrong with what was sold to it; nothing if all is right."""
        lines = self._book.lines_of.get(order.order_id, [])
        wanted: Counter[str] = Counter()
        for line in lines:
            if line.item_id is not None:
                wanted[line.item_id] += line.quantity
        holds = [hold for hold in self._book.holds_of.get(order.order_id, ()) if hold.state == SOLD]
        if len(holds) != bool(wanted):
            return f"{len(holds)} holds of goods were sold to it"
        if holds and holds[0].goods != wanted:
            return "other goods were sold to it than it has lines for"
        if holds and holds[0].subject != order.customer_id:
            return f"its goods were sold to {holds[0].subject}"
        seats = sorted((line.show_id or "", line.hold_id or "") for line in lines if line.item_id is None)
        settled = [each for each in taking(self._book.settlements_of.get(order.order_id, ())) if each.state == SOLD]
        if sorted((each.show_id, each.hold_id) for each in settled) != seats:
            return f"{len(settled)} holds of seats were sold to it, and it has {len(seats)} lines of seats"
        others = [each.subject for each in settled if each.subject != order.customer_id]
        return f"its seats were sold to {others[0]}" if others else ""

    def _unpaid(self, order: OrderRow) -> str:
        """Return what is wrong with how it was paid; nothing if all is right."""
        holds = [hold for hold in self._book.holds_of.get(order.order_id, ()) if hold.state == SOLD]
        settled = taking(self._book.settlements_of.get(order.order_id, ()))
        total = sum(hold.total_minor for hold in holds) + sum(each.total_minor or 0 for each in settled)
        charges = [charge for charge in self._book.charges_of.get(order.order_id, ()) if charge.takes]
        if len(charges) != bool(total):
            return f"{len(charges)} charges took money for it"
        taken = sum(charge.net_minor for charge in charges)
        return f"it was sold for {total}, and {taken} was taken" if taken != total else ""
