"""Fences grow in commit order: a holder that lost its lock never writes after its successor."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import Inventory, trail
from trivet_lab.checkers._witness import Violations


class FencesMonotone(Checker):
    """Compares each fence with the largest before it, so that one late writer is one violation."""

    NAME: ClassVar[str] = "fences_monotone"
    RULE: ClassVar[str] = "Along an item's versions, the fences of its purchases strictly grow."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Walk every item's fences."""
        found = Violations()
        fences = 0
        for item_id, rows in self._book.by_item.items():
            highest = None
            for row in rows:
                if row.fence is None:
                    continue
                fences += 1
                if highest is None or highest.fence is None or row.fence > highest.fence:
                    highest = row
                    continue
                found.add(
                    f"{item_id} took fence {row.fence:,} at version {row.item_version:,}, "
                    f"after fence {highest.fence:,} at version {highest.item_version:,}",
                    *trail(self._evidence, highest),
                    *trail(self._evidence, row),
                )
        if not fences:
            return Ruling("valid", "no fence was drawn, so there is nothing to compare")
        return found.ruling(self._evidence, f"{fences:,} fences, each above those before it")
