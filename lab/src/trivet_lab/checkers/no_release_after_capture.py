"""Past the pivot only forward: what is paid for is not taken back."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import RETURNED, Checkouts
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._seats import RELEASED
from trivet_lab.checkers._witness import Violations


class NoReleaseAfterCapture(Checker):
    """Looks whether anything was released of an order that was charged.

    The wallet's commit is the pivot. A saga that releases beside it decided without knowing: it took silence for a no,
    or its void for done. Which of the two came first no book says, and none needs to: of an order that is paid nothing
    is ever released, before or after.
    """

    NAME: ClassVar[str] = "no_release_after_capture"
    RULE: ClassVar[str] = "Of no order whose charge was captured a hold of goods or of seats was released, or ran out."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)

    def finish(self) -> Ruling:
        """Rule over every order that was charged."""
        found = Violations()
        captured = 0
        for order_id, charges in self._book.charges_of.items():
            took = [charge for charge in charges if charge.captured_minor]
            if not took:
                continue
            captured += 1
            holds = [hold for hold in self._book.holds_of.get(order_id, ()) if hold.state in RETURNED]
            seats = [each for each in self._book.settlements_of.get(order_id, ()) if each.state == RELEASED]
            if holds or seats:
                what = f"{holds[0]} was {holds[0].state}" if holds else f"{seats[0].hold} was released"
                found.add(f"{took[0]} took {took[0].captured_minor}, and {what}", *self._book.about(order_id))
        return found.ruling(self._evidence, f"{captured:,} orders were charged, and nothing of them was released")
