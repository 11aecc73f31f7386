"""One line of an order: so much of one product, and once its seller has said so, for how much."""

from __future__ import annotations

from dataclasses import dataclass

from trivet_order.domain.errors import InvalidOrder
from trivet_order.domain.money import Money
from trivet_order.domain.product import Product, Seat

QUANTITY_MAX = 1_000


@dataclass(frozen=True, slots=True)
class OrderLine:
    """``price`` is the whole line's, as the seller's hold says; None until there is one."""

    product: Product
    quantity: int
    price: Money | None = None

    def __post_init__(self) -> None:
        """Refuse a quantity that is none (InvalidOrder)."""
        if type(self.quantity) is not int or not 1 <= self.quantity <= QUANTITY_MAX:
            raise InvalidOrder(f"a line is for 1 to {QUANTITY_MAX} units, not {self.quantity!r}")
        if isinstance(self.product, Seat) and self.quantity != 1:
            raise InvalidOrder("a line of seats is for one hold: its quantity is 1")
