"""What holds say of themselves, of their lines and of the stock is one story."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError
from trivet_lab.checkers._inventory import Inventory, Move
from trivet_lab.checkers._stock_holds import TAKING, HoldName, HoldRow, LineRow
from trivet_lab.checkers._witness import Violations

_RETURNING = frozenset({"expired", "released"})
_OWNED = frozenset({"pinned", "sold"})


class StockHoldsConsistent(Checker):
    """Compares the three ledgers of holds with each other, whatever the stock says.

    A hold that is released or ran out may have found too little stock before: then nothing moved at all.
    """

    NAME: ClassVar[str] = "stock_holds_consistent"
    RULE: ClassVar[str] = (
        "A hold took exactly its lines once if it has them, or gave them back, a hold that ran out or was given back "
        "has returned what it took, no other returned anything, an order has what is pinned or sold, its lines' prices "
        "are its total, and no line or move is without its hold."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books.

        Raises:
            EvidenceError: A ledger is missing, or there is no hold.
        """
        for name in (HoldRow.LEDGER, LineRow.LEDGER, Move.LEDGER):
            if not evidence.has_ledger(name):
                raise EvidenceError(f"ledger {name} is missing")
        self._evidence = evidence
        self._book = evidence.book(Inventory)
        if not (self._book.holds or self._book.moves or self._book.strays):
            raise EvidenceError(f"ledger {HoldRow.LEDGER} is empty: nobody held anything")

    def finish(self) -> Ruling:
        """Compare every hold with its lines and its moves."""
        found = Violations()
        moves: defaultdict[HoldName, list[Move]] = defaultdict(list)
        for move in self._book.moves:
            moves[move.hold].append(move)
        for line in self._book.strays:
            found.add(f"a line is {line.hold_id}'s of {line.subject}, and there is no such hold", line.pointer)
        for name in moves.keys() - self._book.holds.keys():
            found.add(f"units moved for {name[1]} of {name[0]}, and there is no such hold", moves[name][0].pointer)
        states: Counter[str] = Counter()
        for name, hold in self._book.holds.items():
            states[hold.state] += 1
            self._judge(hold, moves[name], found)
        told = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        return found.ruling(self._evidence, f"{len(self._book.moves):,} moves of {states.total():,} holds: {told}")

    def _judge(self, hold: HoldRow, moves: list[Move], found: Violations) -> None:
        if sentence := _wrong(hold, moves):
            found.add(
                f"{hold.hold_id} of {hold.subject} is {hold.state} and {sentence}",
                hold.pointer,
                *(move.pointer for move in moves),
            )


def _wrong(hold: HoldRow, moves: list[Move]) -> str | None:
    """Return what is wrong with a hold, None if nothing is."""
    took = [(move.item_id, move.quantity) for move in moves if move.SIGN < 0]
    returned = [(move.item_id, move.quantity) for move in moves if move.SIGN > 0]
    lines = sorted(hold.goods.items())
    if hold.priced_minor != hold.total_minor:
        return f"costs {hold.total_minor:,}, and its lines {hold.priced_minor:,}"
    if hold.state in _OWNED and hold.order_id is None:
        return "no order's"
    if hold.state in TAKING and not lines:
        return "has no lines"
    nothing = hold.state in {"refused", "released"} and not took
    if sorted(took) != lines and not nothing:
        return f"took {_told(took)}, and its lines are {_told(lines)}"
    if sorted(returned) != (sorted(took) if hold.state in _RETURNING else []):
        return f"returned {_told(returned)} of {_told(took)}"
    return None


def _told(units: list[tuple[str, int]]) -> str:
    return ", ".join(f"{quantity} × {item_id}" for item_id, quantity in units) or "nothing"
