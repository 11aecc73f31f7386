"""The stock that each row wrote down: never below zero, and each value follows from the one before."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import Change, Inventory, Item, trail
from trivet_lab.checkers._witness import Violations


class StockNeverNegative(Checker):
    """Walks each item's rows in commit order.

    A lost update shows here even if nothing was oversold: two rows that both counted down from the same stock.
    After a break the walk goes on from what the row says, so that one break is one violation.
    """

    NAME: ClassVar[str] = "stock_never_negative"
    RULE: ClassVar[str] = (
        "At every version of an item the stock is at least 0, versions have no gap, "
        "and each changes the stock by exactly its row's quantity."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Walk every item."""
        found = Violations()
        lowest: int | None = None
        for item in self._book.items.values():
            rows = self._book.chain(item.id)
            self._walk(item, rows, found)
            lows = [item.initial_stock, *(row.stock_after for row in rows)]
            lowest = min(lows) if lowest is None else min(lowest, *lows)
        return found.ruling(
            self._evidence, f"{self._book.rows:,} versions without a gap, the lowest stock was {lowest}"
        )

    def _walk(self, item: Item, rows: list[Change], found: Violations) -> None:
        before: Change | None = None
        stock = item.initial_stock
        for row in rows:
            name = f"{item.id} at version {row.item_version:,}"
            if row.stock_after < 0 or row.stock_after != stock + row.delta or not _follows(row, before):
                lines = [*(trail(self._evidence, before) if before else ()), *trail(self._evidence, row)]
                if not _follows(row, before) and before:
                    found.add(f"{name} follows version {before.item_version:,}", *lines)
                elif row.stock_after != stock + row.delta:
                    found.add(
                        f"{name}: a {row.NOUN} of {row.quantity:,} took stock from {stock:,} to {row.stock_after:,}",
                        *lines,
                    )
                else:
                    found.add(f"{name}: the stock was {row.stock_after:,}", *trail(self._evidence, row))
            before, stock = row, row.stock_after
        if before and before.item_version != item.item_version:
            found.add(
                f"{item.id} is at version {item.item_version:,}, but its last row is version {before.item_version:,}",
                *trail(self._evidence, before),
            )


def _follows(row: Change, before: Change | None) -> bool:
    return before is None or row.item_version == before.item_version + 1
