"""What a line of an order is for: units of an item on stock, or seats that the customer holds already."""

from __future__ import annotations

from dataclasses import dataclass, field

from trivet_order.domain.text import ensure_text


@dataclass(frozen=True, slots=True)
class Stock:
    """An item of the inventory, of which there are many alike."""

    item_id: str

    def __post_init__(self) -> None:
        """Refuse an id that is none (InvalidOrder)."""
        ensure_text(self.item_id, "an item's id")


@dataclass(frozen=True, slots=True)
class Seat:
    """What one hold of a show holds: one seat or several that are taken together.

    ``token`` is the hold's secret, which proves that it is the customer's. It is never shown again, so it is left out
    of what is printed and of what is compared: a hold is the same one whatever proves it.
    """

    show_id: str
    hold_id: str
    token: str = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse ids that are none (InvalidOrder)."""
        ensure_text(self.show_id, "a show's id")
        ensure_text(self.hold_id, "a hold's id")
        ensure_text(self.token, "a hold's token")


Product = Stock | Seat
