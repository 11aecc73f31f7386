"""Goods are in stock, held or sold, and none is in two of these, or in none."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import HELD, RETURNED, STANDING, Checkouts
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Pointer
from trivet_lab.checkers._inventory import Inventory, Item
from trivet_lab.checkers._seats import SOLD
from trivet_lab.checkers._witness import Violations

_RETURNED = "returned"


class _Move(msgspec.Struct, gc=False):
    """One row of ``inventory.stock_moves``: goods that went into a hold, or came back out of it."""

    subject: str
    hold_id: str
    item_id: str
    kind: str
    quantity: int
    item_version: int
    stock_after: int
    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return ("inventory.stock_moves", self.offset)

    @property
    def delta(self) -> int:
        """What it did to the stock."""
        return self.quantity if self.kind == _RETURNED else -self.quantity


class _Change(msgspec.Struct, gc=False, frozen=True):
    """Whatever changed a stock, as the chain of versions needs it."""

    item_version: int
    delta: int
    stock_after: int
    pointer: Pointer


def _right(state: str, quantity: int) -> set[tuple[int, int]]:
    """Return how much may have gone into a hold of so many units, and come back; one that was refused took none."""
    return {(quantity, quantity), (0, 0)} if state in RETURNED else {(quantity, 0)}


class StockAddsUp(Checker):
    """Adds up every item by its holds, and again along the versions of its stock; the two have to agree.

    The sum alone would miss what is lost in one place and made in another; the chain alone would miss a hold that is
    called sold and was given back.
    """

    NAME: ClassVar[str] = "stock_adds_up"
    RULE: ClassVar[str] = (
        "For every item what it began with and what arrived is in stock, held or sold, each version of its stock "
        "follows from the one before and is at least 0, and every hold took its goods once and returned them only if "
        "it was released or ran out."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)
        self._inventory = evidence.book(Inventory)
        self._moves: list[_Move] = []
        for offset, move in evidence.ledger("inventory.stock_moves", _Move):
            move.offset = offset
            self._moves.append(move)

    def finish(self) -> Ruling:
        """Rule over every item and every hold."""
        found = Violations()
        held, sold = self._kept()
        changes: defaultdict[str, list[_Change]] = defaultdict(list)
        for move in self._moves:
            changes[move.item_id].append(_Change(move.item_version, move.delta, move.stock_after, move.pointer))
        for row in self._inventory.changes:
            changes[row.item_id].append(_Change(row.item_version, row.delta, row.stock_after, row.pointer))
        for name, item in self._inventory.items.items():
            self._sum(item, held[name], sold[name], found)
            self._chain(item, changes.pop(name, []), found)
        for name, several in changes.items():
            found.add(f"the stock of {name} was changed, and there is no such item", several[0].pointer)
        self._judge_holds(found)
        return found.ruling(
            self._evidence,
            f"{len(self._inventory.items):,} items: {held.total():,} units are held and {sold.total():,} sold in "
            f"{len(self._book.holds):,} holds; {len(self._moves):,} moves",
        )

    def _kept(self) -> tuple[Counter[str], Counter[str]]:
        held: Counter[str] = Counter()
        sold: Counter[str] = Counter()
        for hold in self._book.holds:
            if hold.state in STANDING:
                (sold if hold.state == SOLD else held).update(hold.goods)
        return held, sold

    def _sum(self, item: Item, held: int, sold: int, found: Violations) -> None:
        changed = sum(row.delta for row in self._inventory.by_item.get(item.id, ()))
        supply = item.initial_stock + changed
        if supply != item.stock + held + sold:
            found.add(
                f"of {supply} units of {item.id} that nobody bought outside an order {item.stock} are in stock, {held} "
                f"held and {sold} sold"
            )

    def _chain(self, item: Item, changes: list[_Change], found: Violations) -> None:
        stock = item.initial_stock
        for version, change in enumerate(sorted(changes, key=lambda each: each.item_version), 1):
            stock += change.delta
            if change.item_version != version:
                found.add(f"{item.id} has no one change that made version {version}", change.pointer)
                return
            if change.stock_after != stock or stock < 0:
                what = f"version {version} of {item.id} left {change.stock_after}, where {stock} follows"
                found.add(what, change.pointer)
                return
        if (stock, len(changes)) != (item.stock, item.item_version):
            found.add(
                f"{item.id} has a stock of {item.stock} at version {item.item_version}; its changes lead to {stock} at "
                f"{len(changes)}"
            )

    def _judge_holds(self, found: Violations) -> None:
        """Compare every hold with what went into it and came back."""
        moved: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
        lines: defaultdict[tuple[str, str], list[Pointer]] = defaultdict(list)
        for move in self._moves:
            moved[move.subject, move.hold_id, move.item_id, move.kind] += move.quantity
            lines[move.subject, move.hold_id].append(move.pointer)
        for hold in self._book.holds:
            name = hold.subject, hold.hold_id
            goods = hold.goods if hold.state in STANDING | RETURNED else Counter()
            for item_id, quantity in goods.items():
                took = moved.pop((*name, item_id, HELD), 0)
                back = moved.pop((*name, item_id, _RETURNED), 0)
                if (took, back) not in _right(hold.state, quantity):
                    what = f"{hold} of {quantity} {item_id} is {hold.state}: {took} went in and {back} came back"
                    found.add(what, hold.pointer, *lines[name])
        for (subject, hold_id, item_id, kind), quantity in moved.items():
            what = f"{quantity} {item_id} were {kind} for hold {hold_id} of {subject}, which has none"
            found.add(what, *lines[subject, hold_id])
