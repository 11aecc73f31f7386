"""Whoever was told that an order was taken has it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import Asked, Crowd
from trivet_lab.checkers._orders import Orders
from trivet_lab.checkers._witness import Violations


class NoLostOrder(Checker):
    """Looks up every acknowledged order in the books, and whether its key leads to it.

    Without the row of its key the order is there, and a repeat would make another.
    """

    NAME: ClassVar[str] = "no_lost_order"
    RULE: ClassVar[str] = (
        "Every acknowledged order is in the books as its customer's, under the id that was answered, and its key leads "
        "to it."
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
        """Look every one up."""
        acknowledged = self._crowd.acknowledged()
        if not acknowledged:
            raise EvidenceError("no order was acknowledged, so none could be lost")
        found = Violations()
        for asked in acknowledged:
            self._judge(asked, found)
        return found.ruling(self._evidence, f"{len(acknowledged):,} orders acknowledged, each is in the books")

    def _judge(self, asked: Asked, found: Violations) -> None:
        if asked.view is None:
            found.add(f"an order of {asked.customer_id} was acknowledged with what is no order", asked.pointer)
            return
        what = f"order {asked.view.id} of {asked.customer_id} was acknowledged"
        row = self._book.orders.get(asked.view.id)
        keys = self._book.keys_of.get((asked.customer_id, asked.key or ""), [])
        if row is None:
            found.add(f"{what}, and is not in the books", asked.pointer, *(key.pointer for key in keys))
        elif row.customer_id != asked.customer_id:
            found.add(f"{what}, and is {row.customer_id}'s", asked.pointer, row.pointer)
        elif all(key.order_id != row.order_id for key in keys):
            found.add(f"{what}, and its key does not lead to it", asked.pointer, *(key.pointer for key in keys))
