"""Whatever was ordered, somebody ordered it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._ordering import Crowd
from trivet_lab.checkers._orders import OrderRow, Orders
from trivet_lab.checkers._witness import Violations


class NoPhantomOrder(Checker):
    """Looks for the operation behind every order in the books: one under its key that was told of it, or may have been.

    Two requests under one key that both came through leave two orders; the second is nobody's, since whoever asked was
    told of the first.
    """

    NAME: ClassVar[str] = "no_phantom_order"
    RULE: ClassVar[str] = (
        "Every order in the books has a key, under which its customer ordered and was told of just this order, or "
        "never learnt what became of it."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule over every row."""
        found = Violations()
        for row in self._book.orders.values():
            if sentence := self._wrong(row):
                keys = self._book.keys_to.get(row.order_id, [])
                found.add(sentence, row.pointer, *(key.pointer for key in keys))
        unreadable = self._evidence.history.unreadable
        if 0 < found.count <= unreadable:
            return Ruling(
                "unknown",
                f"{found.count:,} orders have no operation, but {unreadable:,} lines of the history are unreadable and "
                "may have been theirs",
            )
        return found.ruling(self._evidence, f"{len(self._book.orders):,} orders, each was asked for and told so")

    def _wrong(self, row: OrderRow) -> str:
        what = f"order {row.order_id} of {row.customer_id}"
        keys = self._book.keys_to.get(row.order_id)
        if not keys:
            return f"no key leads to {what}"
        for key in keys:
            asked = self._crowd.by_key.get((key.customer_id, key.key), [])
            if key.customer_id == row.customer_id and any(
                each.order_id == row.order_id if each.is_ok else each.may_have_happened for each in asked
            ):
                return ""
        return f"nobody can have ordered {what}"
