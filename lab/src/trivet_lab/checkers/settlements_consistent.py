"""Seats, prices and totals are the same wherever they stand."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch
from trivet_lab.checkers._maps import MappedSeat, read_map
from trivet_lab.checkers._seats import (
    HOLD,
    PINNED,
    RELEASED,
    SETTLING,
    SOLD,
    HoldName,
    Reservation,
    Rush,
    Settlement,
    Taken,
)
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Operation

_STANDING = frozenset({PINNED, SOLD})
_PRICED = SETTLING | {HOLD}


class SettlementsConsistent(Checker):
    """Compares the two ledgers with each other, with the prices of the map, and with what the crowd was told to pay."""

    NAME: ClassVar[str] = "settlements_consistent"
    RULE: ClassVar[str] = (
        "Every settlement that stands has just its seats in the ledger of what is taken, with its state and fence, and "
        "their prices add up to its total, every seat that is taken has its settlement, and every answer names the "
        "seats that were asked for at the prices of the map, and their sum."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Reservation)
        self._rush = evidence.book(Rush)
        self._found = Violations()
        self._told: dict[tuple[str, str], tuple[Any, int]] = {}  # the price of a seat, as it was first told, and where
        self._answers = 0

    def read(self, batch: Batch) -> None:
        """Let the stories be told, and add up every answer."""
        self._rush.read(batch)
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f in _PRICED and operation.outcome == "ok" and operation.value is not None:
                self._answers += 1
                if sentence := self._wrong(operation, offset):
                    self._found.add(f"the {operation.f} of operation {operation.op} {sentence}", (HISTORY, offset))

    def finish(self) -> Ruling:
        """Rule over the ledgers."""
        rows: defaultdict[tuple[HoldName, str], list[Taken]] = defaultdict(list)
        for row in self._book.taken:
            rows[row.hold, row.order_id].append(row)
        for settlement in self._book.settled_again:
            first = self._book.settled[settlement.hold, settlement.order_id]
            self._found.add(f"{settlement.hold} has two settlements of one order", first.pointer, settlement.pointer)
        for key, settlement in self._book.settled.items():
            self._settle(settlement, rows.pop(key, []))
        for (name, order_id), several in rows.items():
            self._found.add(
                f"{name} has seats for order {order_id} and no settlement", *(row.pointer for row in several)
            )
        prices = self._prices()
        for row in self._book.taken:
            seat = prices.get((row.show_id, row.seat_id))
            told, offset = self._told.get((row.show_id, row.seat_id), (row.unit_price_minor, None))
            if seat is not None and seat.unit_price_minor != row.unit_price_minor:
                self._found.add(
                    f"seat {row.seat_id} was taken at {row.unit_price_minor}, and costs {seat.unit_price_minor}",
                    row.pointer,
                )
            elif told != row.unit_price_minor and offset is not None:
                self._found.add(
                    f"seat {row.seat_id} was taken at {row.unit_price_minor}, and offered at {told}",
                    row.pointer,
                    (HISTORY, offset),
                )
        return self._found.ruling(
            self._evidence,
            f"{len(self._book.settlements):,} settlements, {len(self._book.taken):,} seats and {self._answers:,} "
            "answers agree",
        )

    def _settle(self, settlement: Settlement, rows: list[Taken]) -> None:
        """Compare one settlement with the rows of its hold and order."""
        what = f"{settlement.hold} is {settlement.state} for order {settlement.order_id}"
        lines = [settlement.pointer, *(row.pointer for row in rows)]
        if settlement.state == RELEASED:
            if rows:
                self._found.add(f"{what}, and has {len(rows)} seats", *lines)
            return
        total = sum(row.unit_price_minor for row in rows)
        if settlement.state not in _STANDING:
            self._found.add(f"{what}, which is no state of a settlement", *lines)
        elif sorted(settlement.seat_ids()) != sorted(row.seat_id for row in rows):
            self._found.add(f"{what}, and other seats are taken than it names", *lines)
        elif any((row.state, row.fence) != (settlement.state, settlement.fence) for row in rows):
            self._found.add(f"{what} under fence {settlement.fence}, and a seat says otherwise", *lines)
        elif settlement.total_minor != total:
            self._found.add(f"{what} for {settlement.total_minor}, and its seats cost {total}", *lines)

    def _wrong(self, operation: Operation, offset: int) -> str:
        """Return what of an answer does not add up; nothing if all does."""
        value, args = operation.value or {}, operation.args
        show_id, seats = args.get("show_id", ""), value.get("seats")
        show = self._book.shows.get(show_id)
        if show is None:
            return f"is about show {show_id}, which there is not"
        if (value.get("id"), value.get("show_id")) != (args.get("id"), show_id):
            return "was answered about another hold"
        if not isinstance(seats, list) or ("seats" in args and sorted(seats) != sorted(args["seats"])):
            return "was answered with other seats than it asked for"
        if value.get("currency") != show.currency:
            return f"is in {value.get('currency')}, and the show in {show.currency}"
        return self._unlike_prices(show_id, seats, value, offset)

    def _unlike_prices(self, show_id: str, seats: list[str], value: dict[str, Any], offset: int) -> str:
        """Return what of an answer's prices is not as it should be."""
        lines = value.get("lines")
        if not isinstance(lines, list) or sorted(line.get("seat", "") for line in lines) != sorted(seats):
            return "has other lines than seats"
        total = sum(line.get("unit_price_minor", 0) for line in lines)
        if value.get("total_minor") != total:
            return f"costs {value.get('total_minor')}, and its lines add up to {total}"
        for line in lines:
            price = line.get("unit_price_minor")
            known, _ = self._told.setdefault((show_id, line["seat"]), (price, offset))
            if known != price:
                return f"has seat {line['seat']} at {price}, which was {known} before"
        return ""

    def _prices(self) -> dict[tuple[str, str], MappedSeat]:
        """Return every seat of the maps at rest, and look whether those that were offered cost what they say."""
        prices = {
            (show_id, seat.id): seat
            for show_id, pointer in self._rush.at_rest.items()
            for seat in read_map(self._evidence, pointer)
        }
        for key, (price, offset) in self._told.items():
            seat = prices.get(key)
            if seat is not None and seat.unit_price_minor != price:
                self._found.add(
                    f"seat {key[1]} was offered at {price}, and costs {seat.unit_price_minor}",
                    (HISTORY, offset),
                    self._rush.at_rest[key[0]],
                )
        return prices
