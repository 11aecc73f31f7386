"""Units are neither made nor destroyed: reading the first and the last balance of each item against all its rows."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import Inventory, trail
from trivet_lab.checkers._stock_holds import TAKING, HoldRow
from trivet_lab.checkers._witness import Violations


class StockConserved(Checker):
    """Compares sums alone, so that it holds whatever the order of the rows and whatever they say of the stock.

    What holds have is added up from the holds themselves and their lines, not from what moved in and out.
    """

    NAME: ClassVar[str] = "stock_conserved"
    RULE: ClassVar[str] = (
        "For every item, units sold, units that a hold has, pinned and sold ones too, and the final stock are together "
        "the initial stock plus units restocked."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Compare the sums of every item; the witness is an item's last rows, since no smaller set says more."""
        found = Violations()
        sold = restocked = 0
        kept: Counter[str] = Counter()
        last: dict[str, HoldRow] = {}
        for hold in self._book.holds.values():
            if hold.state in TAKING:
                kept.update(hold.goods)
                last |= dict.fromkeys(hold.goods, hold)
        for item in self._book.items.values():
            rows = self._book.by_item.get(item.id, [])
            item_restocked = sum(row.quantity for row in rows if row.SIGN > 0)
            item_sold = sum(row.quantity for row in rows if row.SIGN < 0)
            sold += item_sold
            restocked += item_restocked
            missing = item.initial_stock + item_restocked - item_sold - kept[item.id] - item.stock
            if missing:
                held = f", holds have {kept[item.id]:,}" if kept[item.id] else ""
                found.add(
                    f"{item.id} had {item.initial_stock:,} units, {item_restocked:,} came, "
                    f"{item_sold:,} were sold{held}: {item.stock:,} are left, "
                    f"which is {abs(missing):,} too {'few' if missing > 0 else 'many'}",
                    *(line for row in rows[-1:] for line in trail(self._evidence, row)),
                    *(hold.pointer for hold in [last.get(item.id)] if hold is not None),
                )
        for item_id in self._book.moved:
            if item_id not in self._book.items:
                rows = self._book.chain(item_id)
                found.add(f"{len(rows):,} rows change {item_id}, which is no item", rows[0].pointer)
        held = f"{kept.total():,} in holds, " if self._book.holds else ""
        return found.ruling(
            self._evidence,
            f"{len(self._book.items):,} items, {sold:,} units sold, {held}{restocked:,} restocked, none missing",
        )
