"""Units are neither made nor destroyed: reading the first and the last balance of each item against all its rows."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import Inventory, trail
from trivet_lab.checkers._witness import Violations


class StockConserved(Checker):
    """Compares sums alone, so that it holds whatever the order of the rows and whatever they say of the stock."""

    NAME: ClassVar[str] = "stock_conserved"
    RULE: ClassVar[str] = (
        "For every item, units sold plus the final stock equal the initial stock plus units restocked."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Compare the sums of every item; the witness is an item's last rows, since no smaller set says more."""
        found = Violations()
        sold = restocked = 0
        for item in self._book.items.values():
            rows = self._book.by_item.get(item.id, [])
            item_restocked = sum(row.quantity for row in rows if row.SIGN > 0)
            item_sold = sum(row.quantity for row in rows if row.SIGN < 0)
            sold += item_sold
            restocked += item_restocked
            missing = item.initial_stock + item_restocked - item_sold - item.stock
            if missing:
                found.add(
                    f"{item.id} had {item.initial_stock:,} units, {item_restocked:,} came, {item_sold:,} were sold: "
                    f"{item.stock:,} are left, which is {abs(missing):,} too {'few' if missing > 0 else 'many'}",
                    *(line for row in rows[-1:] for line in trail(self._evidence, row)),
                )
        for item_id, rows in self._book.by_item.items():
            if item_id not in self._book.items:
                found.add(f"{len(rows):,} rows change {item_id}, which is no item", rows[0].pointer)
        return found.ruling(
            self._evidence,
            f"{len(self._book.items):,} items, {sold:,} units sold, {restocked:,} restocked, none missing",
        )
