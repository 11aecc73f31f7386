"""What the participants did, as an auditor is shown it: entries in one order, never changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from trivet_order.domain import Money


@dataclass(frozen=True, slots=True)
class StockEntry:
    """Units of an item that were pinned, sold or returned; ``at`` counts through all ledgers."""

    at: int
    order_id: UUID
    kind: str
    item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class SeatEntry:
    """A hold that was pinned, sold or returned."""

    at: int
    order_id: UUID
    kind: str
    show_id: str
    hold_id: str


@dataclass(frozen=True, slots=True)
class MoneyEntry:
    """Money that was taken."""

    at: int
    order_id: UUID
    account_id: str
    amount: Money


@dataclass
class Ledgers:
    """All that ever happened, in one order."""

    stock: list[StockEntry] = field(default_factory=list)
    seats: list[SeatEntry] = field(default_factory=list)
    money: list[MoneyEntry] = field(default_factory=list)
    _places: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def next_place(self) -> int:
        """Return the next place in the order of all entries."""
        return self._places()
