"""The supply that all counting rests on is the sale's own, and not what the service says that it was given."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._inventory import Inventory

WITNESS_MAX = 10


class _Item(msgspec.Struct, frozen=True):
    id: str
    stock: int


class _Sale(msgspec.Struct, frozen=True):
    items: list[_Item]


class SupplyAsPlanned(Checker):
    """Compares the ledger's first stock of each item with the plan.

    Every other rule takes ``initial_stock`` from the service's ledger: one that puts more on its shelves than the
    seller gave it, and says so consistently, sells units that do not exist and passes all of them.
    """

    NAME: ClassVar[str] = "supply_as_planned"
    RULE: ClassVar[str] = "Every item of the sale, and no other, begins with the stock that the sale gave it."

    def __init__(self, evidence: Evidence) -> None:
        """Load the plan and the books."""
        sale = evidence.errand(_Sale, "nobody says what was put on sale")
        self._planned = {item.id: item.stock for item in sale.items}
        self._book = evidence.book(Inventory).expect_purchases()

    def finish(self) -> Ruling:
        """Compare both ways."""
        found = {item.id: item.initial_stock for item in self._book.items.values()}
        wrong = [
            {"item_id": name, "planned": self._planned.get(name), "initial_stock": found.get(name)}
            for name in sorted(self._planned.keys() | found.keys())
            if self._planned.get(name) != found.get(name)
        ]
        if wrong:
            first = f"{wrong[0]['item_id']} was to begin with {wrong[0]['planned']}, not {wrong[0]['initial_stock']}"
            return Ruling("invalid", f"{len(wrong):,} times; first: {first}", wrong[:WITNESS_MAX])
        return Ruling("valid", f"{len(found):,} items, {sum(found.values()):,} units, as planned")
