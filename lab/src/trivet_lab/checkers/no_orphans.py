"""Whatever is held, sold or taken is an order's; what is nobody's is kept from everybody."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts, standing, taking
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Pointer
from trivet_lab.checkers._witness import Violations


class NoOrphans(Checker):
    """Goes through the sellers' books and the wallet's, and asks of each row for the order that it belongs to.

    A tombstone is no orphan: it keeps nothing from anybody, and outlives what it refuses.
    """

    NAME: ClassVar[str] = "no_orphans"
    RULE: ClassVar[str] = (
        "Every hold that is held, pinned or sold, every seat that is taken and every charge that takes money belongs "
        "to an order of the same customer."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)
        self._found = Violations()

    def finish(self) -> Ruling:
        """Rule over every row that keeps something."""
        counts = self._holds(), self._seats(), self._charges()
        goods, seats, charges = (f"{count:,}" for count in counts)
        return self._found.ruling(
            self._evidence, f"{goods} holds of goods, {seats} of seats and {charges} charges, each an order's"
        )

    def _holds(self) -> int:
        kept = [(order_id, hold) for order_id, holds in self._book.holds_of.items() for hold in standing(holds)]
        for order_id, hold in kept:
            self._judge(order_id, f"{hold} is {hold.state}", hold.subject, hold.pointer)
        return len(kept)

    def _seats(self) -> int:
        kept = [(order_id, each) for order_id, rows in self._book.settlements_of.items() for each in taking(rows)]
        for order_id, each in kept:
            self._judge(order_id, f"{each.hold} is {each.state}", each.subject, each.pointer)
        settled = {order_id for order_id, _ in kept}
        for order_id, seats in self._book.taken_of.items():
            for seat in seats if order_id not in settled else ():
                self._found.add(f"seat {seat.seat_id} is {seat.state} without a settlement", seat.pointer)
        return len(kept)

    def _charges(self) -> int:
        took = [(order_id, each) for order_id, rows in self._book.charges_of.items() for each in rows if each.takes]
        for order_id, charge in took:
            self._judge(order_id, f"{charge} took {charge.net_minor}", None, charge.pointer)
        strangers = [charge for charge in self._book.strangers if charge.takes]
        for charge in strangers:
            what = f"{charge} took {charge.net_minor}, and {charge.subject} asked for it, and no order"
            self._found.add(what, charge.pointer)
        return len(took) + len(strangers)

    def _judge(self, order_id: str, what: str, subject: str | None, pointer: Pointer) -> None:
        order = self._book.orders.get(order_id)
        if order is None:
            self._found.add(f"{what}, and there is no order {order_id}", pointer)
        elif subject is not None and subject != order.customer_id:
            self._found.add(f"{what}, and {order} is not {subject}'s", pointer, order.pointer)
