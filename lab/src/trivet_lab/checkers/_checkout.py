"""What sellers and the wallet have in their own books of each order: holds, settlements, charges, and prices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer
from trivet_lab.checkers._orders import CANCELLED, CONFIRMED
from trivet_lab.checkers._seats import PINNED, RELEASED, SOLD, Reservation, Settlement, Taken

HELD, EXPIRED, REFUSED = "held", "expired", "refused"
STANDING = frozenset({HELD, PINNED, SOLD})
"""Goods that are somebody's."""
RETURNED = frozenset({RELEASED, EXPIRED})
AUTHORISED = "authorised"
CHECKOUT = "order"
"""Who asks the wallet in a checkout: the member, by its token; its customer is another, and a key is its caller's."""


class Bought(msgspec.Struct, gc=False):
    """One row of ``order.orders``, as far as a checkout needs it; ``offset`` is where its line begins."""

    order_id: str
    customer_id: str
    account_id: str
    status: str
    cancellation_requested: bool = False
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.orders", self.offset)

    @property
    def is_confirmed(self) -> bool:
        """Whether it is a sale."""
        return self.status == CONFIRMED

    @property
    def is_cancelled(self) -> bool:
        """Whether it ended without one."""
        return self.status == CANCELLED

    def __str__(self) -> str:
        """Say which order, for people."""
        return f"order {self.order_id} of {self.customer_id}"


class Line(msgspec.Struct, gc=False):
    """One row of ``order.order_lines``; the price is the whole line's, None until its seller has said so."""

    order_id: str
    position: int
    quantity: int
    item_id: str | None = None
    show_id: str | None = None
    hold_id: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("order.order_lines", self.offset)


class HeldLine(msgspec.Struct, gc=False):
    """One row of ``inventory.stock_hold_lines``."""

    subject: str
    hold_id: str
    item_id: str
    quantity: int
    unit_price_minor: int
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("inventory.stock_hold_lines", self.offset)


class StockHold(msgspec.Struct, gc=False):
    """One row of ``inventory.stock_holds``; a tombstone has no lines. A hold that nobody pinned names no order."""

    subject: str
    hold_id: str
    state: str
    order_id: str | None = None
    total_minor: int | None = None
    currency: str | None = None
    offset: int = 0
    lines: list[HeldLine] = []

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("inventory.stock_holds", self.offset)

    @property
    def goods(self) -> Counter[str]:
        """How much of what it is for."""
        found: Counter[str] = Counter()
        for line in self.lines:
            found[line.item_id] += line.quantity
        return found

    def __str__(self) -> str:
        """Say which hold, for people."""
        return f"stock hold {self.hold_id} of {self.subject}"


class Charged(msgspec.Struct, gc=False):
    """One row of ``wallet.charges``: ``subject`` asked for it. A tombstone has neither accounts nor an amount."""

    key: str
    state: str
    captured_minor: int
    refunded_minor: int
    customer_account_id: str | None = None
    merchant_account_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    subject: str = ""
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("wallet.charges", self.offset)

    @property
    def is_of_a_checkout(self) -> bool:
        """Whether a checkout asked for it; so it is taken to be where the ledger does not say who did."""
        return self.subject in (CHECKOUT, "")

    @property
    def net_minor(self) -> int:
        """What it took and did not give back."""
        return self.captured_minor - self.refunded_minor

    @property
    def takes(self) -> bool:
        """Whether it took money, or still may."""
        return self.net_minor != 0 or self.state == AUTHORISED

    def __str__(self) -> str:
        """Say which charge, for people."""
        return f"charge {self.key}"


class Checkouts:
    """The orders' books beside those of whoever sells and of the wallet, read once.

    What a seller or the wallet has is an order's if it names the order, or else if its id begins with the order's: a
    caller chooses ids, and a checkout's are made of its order's. ``holds_of``, ``settlements_of`` and ``charges_of``
    have them by the order's id, whether there is such an order or not; what names none stands under its own id.

    A key is its caller's alone, so that a customer may have a charge under the very key of an order's. What no checkout
    asked for is nobody's order's, whatever its key: ``strangers`` has it.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no order.
        """
        self.orders: dict[str, Bought] = {}
        for offset, order in evidence.ledger("order.orders", Bought):
            order.offset = offset
            self.orders[order.order_id] = order
        if not self.orders:
            raise EvidenceError("ledger order.orders is empty: nothing was ordered")
        self.lines_of: defaultdict[str, list[Line]] = defaultdict(list)
        for offset, line in evidence.ledger("order.order_lines", Line):
            line.offset = offset
            self.lines_of[line.order_id].append(line)
        self._read_stock(evidence)
        self._read_seats(evidence)
        self.charges_of: defaultdict[str, list[Charged]] = defaultdict(list)
        self.strangers: list[Charged] = []
        for offset, charge in evidence.ledger("wallet.charges", Charged):
            charge.offset = offset
            (self.charges_of[order_in(charge.key)] if charge.is_of_a_checkout else self.strangers).append(charge)

    def _read_stock(self, evidence: Evidence) -> None:
        lines: defaultdict[tuple[str, str], list[HeldLine]] = defaultdict(list)
        for offset, line in evidence.ledger("inventory.stock_hold_lines", HeldLine):
            line.offset = offset
            lines[line.subject, line.hold_id].append(line)
        self.holds: list[StockHold] = []
        self.holds_of: defaultdict[str, list[StockHold]] = defaultdict(list)
        for offset, hold in evidence.ledger("inventory.stock_holds", StockHold):
            hold.offset = offset
            hold.lines = lines.get((hold.subject, hold.hold_id), [])
            self.holds.append(hold)
            self.holds_of[hold.order_id or order_in(hold.hold_id)].append(hold)

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


def standing(holds: Iterable[StockHold]) -> list[StockHold]:
    """Return the holds that keep goods from others."""
    return [hold for hold in holds if hold.state in STANDING]


def taking(settlements: Iterable[Settlement]) -> list[Settlement]:
    """Return the settlements that keep seats from others; a tombstone does not."""
    return [settlement for settlement in settlements if settlement.state in (PINNED, SOLD)]
