"""Where a fence is promised, there is one: a rule that fences grow says nothing of a service that draws none."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import Inventory, trail
from trivet_lab.checkers._witness import Violations


class FencesDrawn(Checker):
    """Looks for purchases without a fence; for variants that lock by a lease that can be lost."""

    NAME: ClassVar[str] = "fences_drawn"
    RULE: ClassVar[str] = "Every purchase was made under a fence."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Count the purchases that have none."""
        found = Violations()
        sales = [row for rows in self._book.by_item.values() for row in rows if row.SIGN < 0]
        for row in sales:
            if row.fence is None:
                found.add(
                    f"{row.item_id} was sold without a fence at version {row.item_version:,}",
                    *trail(self._evidence, row),
                )
        return found.ruling(self._evidence, f"{len(sales):,} purchases, each with its fence")
