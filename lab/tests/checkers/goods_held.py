"""Holds of a sale's goods, in memory as the inventory keeps them, and written as its ledgers."""

import dataclasses
import json
from pathlib import Path
from typing import Any

Line = dict[str, Any]
PRICE_MINOR = 250


@dataclasses.dataclass
class Holds:
    """What holds left beside a sale: a test changes what it wants wrong."""

    sale: Any
    holds: list[Line] = dataclasses.field(default_factory=list)
    lines: list[Line] = dataclasses.field(default_factory=list)
    moves: list[Line] = dataclasses.field(default_factory=list)

    def hold(self, name: str, state: str, **goods: int) -> Line:
        """Hold goods and let it come to this state; what is refused takes none, a tombstone has none."""
        row = {"subject": "alice", "hold_id": name, "state": state, "order_id": None, "currency": "EUR"}
        row |= {"total_minor": PRICE_MINOR * sum(goods.values()), "at": "2026-11-23T08:00:00+00:00"}
        if state in {"pinned", "sold"}:
            row["order_id"] = f"order-{name}"
        self.holds.append(row)
        for item, quantity in goods.items():
            line = {"subject": "alice", "hold_id": name, "item_id": item, "quantity": quantity}
            self.lines.append(line | {"unit_price_minor": PRICE_MINOR})
            if state != "refused":
                self.move("held", name, item, quantity)
        if state in {"expired", "released"}:
            for item, quantity in goods.items():
                self.move("returned", name, item, quantity)
        return row

    def move(self, kind: str, name: str, item_id: str, quantity: int) -> Line:
        """Take goods or bring them back, and write the row."""
        item = self.sale.item(item_id)
        item["stock"] += quantity if kind == "returned" else -quantity
        item["item_version"] += 1
        row = {"subject": "alice", "hold_id": name, "item_id": item_id, "kind": kind, "quantity": quantity}
        row |= {"item_version": item["item_version"], "stock_after": item["stock"], "at": "2026-11-23T08:00:00+00:00"}
        self.moves.append(row)
        return row

    def row(self, name: str) -> Line:
        return next(row for row in self.holds if row["hold_id"] == name)

    def line(self, name: str) -> Line:
        return next(row for row in self.lines if row["hold_id"] == name)

    def moved(self, name: str, kind: str) -> Line:
        return next(row for row in self.moves if (row["hold_id"], row["kind"]) == (name, kind))

    def write(self) -> None:
        """Write the sale with these ledgers beside its own."""
        self.sale.write()
        for name, rows in (("holds", self.holds), ("hold_lines", self.lines), ("moves", self.moves)):
            path: Path = self.sale.directory.ledger(f"inventory.stock_{name}")
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
