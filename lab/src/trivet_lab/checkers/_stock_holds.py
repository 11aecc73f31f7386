"""The inventory's holds with their lines, read once for whoever looks at goods or at orders."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._row import Row

HELD, PINNED, SOLD, EXPIRED, RELEASED = "held", "pinned", "sold", "expired", "released"
TAKING = frozenset({HELD, PINNED, SOLD})
"""States in which a hold's units are somebody's, and out of the stock."""

HoldName = tuple[str, str]
"""A subject and an id."""


class LineRow(Row, gc=False):
    """One row of ``inventory.stock_hold_lines``."""

    LEDGER: ClassVar[str] = "inventory.stock_hold_lines"

    subject: str
    hold_id: str
    item_id: str
    quantity: int
    unit_price_minor: int

    @property
    def hold(self) -> HoldName:
        """Whose hold it is a line of, and of which."""
        return (self.subject, self.hold_id)


class HoldRow(Row, gc=False):
    """One row of ``inventory.stock_holds`` with its lines; a tombstone has none. One that nobody pinned has no order.

    ``goods`` are its lines, units by item.
    """

    LEDGER: ClassVar[str] = "inventory.stock_holds"

    subject: str
    hold_id: str
    state: str
    order_id: str | None = None
    total_minor: int = 0
    currency: str | None = None
    lines: list[LineRow] = msgspec.field(default_factory=list)
    goods: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def name(self) -> HoldName:
        """Whose it is, and which."""
        return (self.subject, self.hold_id)

    @property
    def priced_minor(self) -> int:
        """What its lines cost together."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)

    def __str__(self) -> str:
        """Say which hold, for people."""
        return f"stock hold {self.hold_id} of {self.subject}"


class StockHolds:
    """Every hold by its name, and the lines whose hold is not there."""

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged.
        """
        self.holds = {hold.name: hold for hold in evidence.rows(HoldRow)}
        self.strays: list[LineRow] = []
        for line in evidence.rows(LineRow):
            hold = self.holds.get(line.hold)
            if hold is None:
                self.strays.append(line)
                continue
            hold.lines.append(line)
            hold.goods[line.item_id] = hold.goods.get(line.item_id, 0) + line.quantity
