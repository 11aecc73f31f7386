"""What an order costs is what its sellers asked for."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts, Line
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer
from trivet_lab.checkers._witness import Violations


class _Good(msgspec.Struct, frozen=True):
    id: str
    unit_price_minor: int


class _Offered(msgspec.Struct, frozen=True):
    """What of the crowd's plan says for how much everything was put on sale."""

    goods: list[_Good]
    seat_prices_minor: dict[str, int]
    currency: str


class PricesAsOffered(Checker):
    """Compares three books line by line: what was offered, what the sellers' holds say, and what the order says.

    Prices are the sellers' alone, fixed with the hold. An order service that knew some of its own would sell today for
    what was asked yesterday.
    """

    NAME: ClassVar[str] = "prices_as_offered"
    RULE: ClassVar[str] = (
        "Every price of an order's line is its seller's: the sum of what its goods or seats were put on sale for, in "
        "that currency, as the seller's own books have it."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books, and what was offered.

        Raises:
            EvidenceError: the plan is missing or damaged.
        """
        self._evidence = evidence
        self._book = evidence.book(Checkouts)
        offered = evidence.errand(_Offered, "nobody knows what anything was to cost")
        self._goods = {good.id: good.unit_price_minor for good in offered.goods}
        self._seats = offered.seat_prices_minor
        self._currency = offered.currency

    def finish(self) -> Ruling:
        """Rule over every line that has a price, and every line and seat of the sellers' books."""
        found = Violations()
        self._judge_sellers(found)
        priced = 0
        for order_id, lines in self._book.lines_of.items():
            for line in lines:
                if line.price_minor is None:
                    continue
                priced += 1
                asked, pointers = self._asked(order_id, line)
                what = f"line {line.position} of order {order_id} costs {line.price_minor} {line.currency}"
                if line.currency != self._currency:
                    found.add(f"{what}, and everything was offered in {self._currency}", line.pointer)
                elif asked is not None and asked != line.price_minor:
                    found.add(f"{what}, and its seller asks for {asked}", line.pointer, *pointers)
        if not priced:
            raise EvidenceError("no order got a price")
        return found.ruling(self._evidence, f"{priced:,} lines have prices, each its seller's")

    def _judge_sellers(self, found: Violations) -> None:
        for hold in (hold for holds in self._book.holds_of.values() for hold in holds):
            for line in hold.lines:
                if (price := self._goods.get(line.item_id)) is not None and price != line.unit_price_minor:
                    what = f"{hold} has {line.item_id} for {line.unit_price_minor}, and it was offered for {price}"
                    found.add(what, line.pointer)
        for seats in self._book.taken_of.values():
            for seat in seats:
                price = self._seats.get(seat.seat_id.partition("-")[0])
                if price is not None and price != seat.unit_price_minor:
                    what = f"seat {seat.seat_id} was taken for {seat.unit_price_minor}, and offered for {price}"
                    found.add(what, seat.pointer)

    def _asked(self, order_id: str, line: Line) -> tuple[int | None, list[Pointer]]:
        """Return what the seller asks for a line, and where that stands; None where the seller keeps nothing of it."""
        if line.item_id is not None:
            own = [
                held
                for hold in self._book.holds_of.get(order_id, ())
                for held in hold.lines
                if held.item_id == line.item_id
            ]
            return (own[0].unit_price_minor * line.quantity if own else None), [held.pointer for held in own[:1]]
        settled = [
            each
            for each in self._book.settlements_of.get(order_id, ())
            if (each.show_id, each.hold_id) == (line.show_id, line.hold_id) and each.total_minor is not None
        ]
        return (settled[0].total_minor if settled else None), [each.pointer for each in settled[:1]]
