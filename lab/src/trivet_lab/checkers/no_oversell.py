"""Nothing is sold that was not there: the invariant that the shop exists for."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import BUY, Inventory, trail
from trivet_lab.checkers._witness import Violations


class NoOversell(Checker):
    """Adds up quantities in commit order and looks at no stock that the service wrote down.

    A shop that overwrites the stock with a stale value oversells while every stock it records looks right.
    """

    NAME: ClassVar[str] = "no_oversell"
    RULE: ClassVar[str] = (
        "At every version of an item, units in holds and units sold so far are at most its initial stock plus units "
        "restocked so far."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Add up every item; the witness begins with the first purchase of each that was one too many."""
        found = Violations()
        taken = worst = 0
        later = []
        for item in self._book.items.values():
            left, oversold = item.initial_stock, False
            for row in self._book.chain(item.id):
                left += row.delta
                if row.SIGN > 0:
                    continue
                taken += row.quantity
                if left >= 0:
                    continue
                worst = min(worst, left)
                sentence = f"{item.id} was {-left:,} short at version {row.item_version:,}"
                if oversold:
                    later.append((sentence, row))
                else:
                    found.add(
                        f"{sentence}: {row.quantity:,} {'sold' if row.F == BUY else 'held'} "
                        f"with {left + row.quantity:,} left",
                        *trail(self._evidence, row),
                    )
                oversold = True
        for sentence, row in later:
            found.add(sentence, *trail(self._evidence, row))
        short = f"; at worst {-worst:,} units short" if worst else ""
        word = "sold or held" if self._book.moves else "sold"
        ruling = found.ruling(
            self._evidence, f"{taken:,} units of {len(self._book.items):,} items {word}, each was there"
        )
        return Ruling(ruling.verdict, ruling.observed + short, ruling.witness)
