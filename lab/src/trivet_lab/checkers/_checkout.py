"""What sellers and the wallet have in their own books of each order: holds, settlements, charges, and prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import ClassVar

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer
from trivet_lab.checkers._orders import read_orders
from trivet_lab.checkers._row import Row
from trivet_lab.checkers._seats import PINNED, RELEASED, SOLD, Reservation, Settlement, Taken
from trivet_lab.checkers._stock_holds import EXPIRED, TAKING, HoldRow, StockHolds
from trivet_lab.checkers._wallet import Charge, read_charges

RETURNED = frozenset({RELEASED, EXPIRED})
CHECKOUT = "order"
"""Who asks the wallet in a checkout: the member, by its token; its customer is another, and a key is its caller's."""


class Line(Row, gc=False):
    """One row of ``order.order_lines``; the price is the whole line's, None until its seller has said so."""

    LEDGER: ClassVar[str] = "order.order_lines"

    order_id: str
    position: int
    quantity: int
    item_id: str | None = None
    show_id: str | None = None
    hold_id: str | None = None
    price_minor: int | None = None
    currency: str | None = None


class Checkouts:
    """The orders' books beside those of whoever sells and of the wallet, read once.

    What a seller or the wallet has is an order's if it names the order, or else if its id begins with the order's: a
    caller chooses ids, and a checkout's are made of its order's. ``holds_of``, ``settlements_of`` and ``charges_of``
    have them by the order's id, whether there is such an order or not; what names none stands under its own id.

    A key is its caller's alone, so that a customer may have a charge under the very key of an order's. What no checkout
    asked for is nobody's order's, whatever its key: ``strangers`` has it. Where the ledger does not say who asked, the
    key is believed.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no order, or one that names no account.
        """
        self.orders = evidence.book(read_orders)
        if nameless := [order for order in self.orders.values() if not order.account_id]:
            raise EvidenceError(f"{nameless[0]} names no account")
        self.lines_of: defaultdict[str, list[Line]] = defaultdict(list)
        for line in evidence.rows(Line):
            self.lines_of[line.order_id].append(line)
        self.holds_of: defaultdict[str, list[HoldRow]] = defaultdict(list)
        for hold in evidence.book(StockHolds).holds.values():
            self.holds_of[hold.order_id or order_in(hold.hold_id)].append(hold)
        self._read_seats(evidence)
        self.charges_of: defaultdict[str, list[Charge]] = defaultdict(list)
        self.strangers: list[Charge] = []
        for charge in evidence.book(read_charges):
            is_of_a_checkout = charge.subject in (CHECKOUT, "")
            (self.charges_of[order_in(charge.key)] if is_of_a_checkout else self.strangers).append(charge)

    def _read_seats(self, evidence: Evidence) -> None:
        self.settlements_of: defaultdict[str, list[Settlement]] = defaultdict(list)
        self.taken_of: defaultdict[str, list[Taken]] = defaultdict(list)
        book = evidence.book(Reservation)
        for settlement in book.settlements:
            self.settlements_of[settlement.order_id].append(settlement)
        for seat in book.taken:
            self.taken_of[seat.order_id].append(seat)

    def total_of(self, order_id: str) -> int:
        """Return what an order costs, as its own books say."""
        return sum(line.price_minor or 0 for line in self.lines_of.get(order_id, ()))

    def about(self, order_id: str) -> list[Pointer]:
        """Return the lines of all books that are about an order, its own first: a witness."""
        order = self.orders.get(order_id)
        rows = [
            *self.holds_of.get(order_id, ()),
            *self.settlements_of.get(order_id, ()),
            *self.charges_of.get(order_id, ()),
        ]
        return [*([order.pointer] if order else []), *(row.pointer for row in rows)]


def order_in(name: str) -> str:
    """Return the order of which an id was made, as ``<order>:hold`` is."""
    return name.partition(":")[0]


def standing(holds: Iterable[HoldRow]) -> list[HoldRow]:
    """Return the holds that keep goods from others."""
    return [hold for hold in holds if hold.state in TAKING]


def taking(settlements: Iterable[Settlement]) -> list[Settlement]:
    """Return the settlements that keep seats from others; a tombstone does not."""
    return [settlement for settlement in settlements if settlement.state in (PINNED, SOLD)]
