"""What a saga asks its participants: plain data, whose keys follow from the order alone.

A key is the order's id and the step's name, never the number of the attempt: whoever repeats a command whose answer
was lost repeats the very same request.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from trivet_order.domain import Money, Seat, Stock


@dataclass(frozen=True, slots=True)
class StockLine:
    """So many units of an item."""

    item: Stock
    quantity: int


@dataclass(frozen=True, slots=True)
class _Command:
    """Of which order, and for which customer the order acts."""

    order_id: UUID
    customer_id: str


@dataclass(frozen=True, slots=True)
class HoldStock(_Command):
    """Hold all of these or none, under a hold id of the order's choosing, and pin them; asked of Inventory."""

    lines: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True)
class ConfirmStock(_Command):
    """Sell what was pinned."""


@dataclass(frozen=True, slots=True)
class ReleaseStock(_Command):
    """Release what was held or pinned, and refuse the hold should it still come (a tombstone)."""


@dataclass(frozen=True, slots=True)
class PinSeats(_Command):
    """Pin what the customer holds, by the holds' tokens; asked of Reservation."""

    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class ConfirmSeats(_Command):
    """Sell what was pinned."""

    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class ReleaseSeats(_Command):
    """Release what this order pinned, and refuse its pin should it still come (a tombstone)."""

    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class Charge(_Command):
    """Take the total from the account, which must be the customer's; asked of the wallet."""

    account_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Void(_Command):
    """Make sure that the order's charge takes nothing, now or later, or learn that it took it already."""


Command = HoldStock | ConfirmStock | ReleaseStock | PinSeats | ConfirmSeats | ReleaseSeats | Charge | Void
