"""Whether anybody competed: a shop without a guard looks right to customers who come one at a time."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._inventory import BUY, Change, Inventory, asked, refusal


class _Crowd:
    """Who was at one item, and when; and the smallest purchase that was refused there, 0 if none was."""

    def __init__(self) -> None:
        self.calls = array("q")
        self.returns = array("q")
        self.refused = 0
        self.smallest = 0


class Contention(Checker):
    """Looks at the purchase that sold each item out, and counts who else was in flight at that item just then."""

    NAME: ClassVar[str] = "contention"
    RULE: ClassVar[str] = (
        "At least one item sold out, and refused somebody, while two or more purchases of it were in flight."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()
        self._crowds: dict[str, _Crowd] = {}

    def read(self, batch: Batch) -> None:
        """Note when each purchase was in flight."""
        crowds = self._crowds
        for operation in batch.operations:
            if operation.f != BUY:
                continue
            item_id = operation.args["item_id"]
            crowd = crowds.get(item_id)
            if crowd is None:
                crowd = crowds[item_id] = _Crowd()
            attempts = operation.attempts
            crowd.calls.append(attempts[0].call_ns)
            crowd.returns.append(attempts[-1].return_ns)
            if operation.outcome == "fail" and refusal(operation):
                _, quantity = asked(operation)
                crowd.refused += 1
                crowd.smallest = min(quantity, crowd.smallest or quantity)

    def finish(self) -> Ruling:
        """Rule: without competition nothing was put to the test, so the verdict is unknown."""
        refused = sum(crowd.refused for crowd in self._crowds.values())
        if not refused:
            return Ruling("unknown", "nobody was refused: nothing was scarce")
        sold_out = {
            item_id: self._in_flight(item_id, crowd) for item_id, crowd in self._crowds.items() if crowd.refused
        }
        competed = {item_id: count for item_id, count in sold_out.items() if count >= 2}
        if not competed:
            return Ruling(
                "unknown", f"{refused:,} purchases were refused, but none competed for the last units of an item"
            )
        item_id, most = max(competed.items(), key=lambda entry: (entry[1], entry[0]))
        return Ruling(
            "valid",
            f"{len(competed):,} of {len(sold_out):,} items that ran short were competed for; most at {item_id}: "
            f"{most:,} purchases in flight when it sold out; {refused:,} refused in all",
        )

    def _in_flight(self, item_id: str, crowd: _Crowd) -> int:
        """Return how many purchases were in flight when one, itself included, sold the item out."""
        calls, returns = sorted(crowd.calls), sorted(crowd.returns)
        most = 0
        for row in self._sold_out(item_id, crowd.smallest):
            pointer = self._evidence.history.pointer(row.F, row.key)
            if pointer is not None:
                attempts = self._evidence.line(pointer)["attempts"]
                begun = bisect_left(calls, attempts[-1]["return_ns"])
                ended = bisect_right(returns, attempts[0]["call_ns"])
                most = max(most, begun - ended)
        return most

    def _sold_out(self, item_id: str, smallest: int) -> Iterator[Change]:
        """Yield the purchases that left less than somebody was refused, where there had been enough before."""
        for row in self._book.by_item.get(item_id, []):
            if row.SIGN < 0 and row.stock_after < smallest <= row.stock_after + row.quantity:
                yield row
