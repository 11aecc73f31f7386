"""An order is its customer's alone."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import Crowd
from trivet_lab.checkers._orders import Orders
from trivet_lab.checkers._witness import Violations

HIDDEN = 404
TOLD_TO_WAIT = 429


class OrdersOwned(Checker):
    """Looks what somebody was answered who asked about another's order, and whose orders are on each page.

    *Not allowed* would say that there is such an order: whoever has no right to it learns nothing, as of one that is
    not there. Each is sent once, so that one without an answer says nothing either.
    """

    NAME: ClassVar[str] = "orders_owned"
    RULE: ClassVar[str] = (
        "Whoever looks at, follows, reads the timeline of or cancels another's order is answered 404, and a page of "
        "orders has its customer's alone."
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
        """Rule over every such answer, and over every page."""
        found = Violations()
        statuses = Counter(asked.status for asked in self._crowd.trespasses)
        for asked in self._crowd.trespasses:
            if (asked.is_ok or asked.outcome == "fail") and asked.status not in (HIDDEN, TOLD_TO_WAIT):
                told = f"{asked.customer_id} asked about order {asked.order_id}, which is another's"
                found.add(f"{told}, and was answered {asked.status}", asked.pointer)
        for asked in self._crowd.lists:
            for view in asked.page.orders if asked.page else ():
                row = self._book.orders.get(view.id)
                if row is None or row.customer_id != asked.customer_id:
                    whose = f"{row.customer_id}'s" if row else "nobody's"
                    told = f"{asked.customer_id} was shown order {view.id}, which is {whose}"
                    found.add(told, asked.pointer, row.pointer if row else None)
        if not found.count and not statuses[HIDDEN]:
            raise EvidenceError("nobody who asked about another's order was answered")
        return found.ruling(self._evidence, f"{statuses[HIDDEN]:,} who asked about others' orders were told of none")
