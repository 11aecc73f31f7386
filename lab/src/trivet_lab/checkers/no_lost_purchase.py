"""What a customer was told is in the ledger, exactly as it was told."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError
from trivet_lab.checkers._inventory import Change, Inventory, asked
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Operation


class NoLostPurchase(Checker):
    """Looks every acknowledged operation up by its key.

    An empty ledger is no damaged evidence here: it was read, and it says that whatever was acknowledged is lost.
    """

    NAME: ClassVar[str] = "no_lost_purchase"
    RULE: ClassVar[str] = (
        "Every acknowledged purchase and restock has a row with its key, item and quantity, "
        "and the answer's id and stock are that row's."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory)
        self._found = Violations()
        self._acknowledged = 0
        self._claimed: set[int] = set()

    def read(self, batch: Batch) -> None:
        """Look up the acknowledged ones."""
        books = self._book.by_key
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.outcome != "ok" or operation.f not in books:
                continue
            self._acknowledged += 1
            row = books[operation.f].get(operation.key) if operation.key is not None else self._claim(operation)
            if row is None:
                item_id, quantity = asked(operation)
                self._found.add(f"{_name(operation)} of {quantity} × {item_id} has no row", (HISTORY, offset))
                continue
            answer, args = operation.value, operation.args
            if answer is None:
                continue  # not an answer at all: the history is damaged, which is another rule's to say
            if (
                row.stock_after == answer.get("stock")
                and row.item_id == args["item_id"]
                and row.quantity == args.get("quantity", 1)
                and row.id == answer.get(f"{row.NOUN}_id")
            ):
                continue
            self._compare(operation, row, offset)

    def finish(self) -> Ruling:
        """Rule over all that were acknowledged."""
        if not self._acknowledged:
            raise EvidenceError("no purchase and no restock was acknowledged, so none could be lost")
        return self._found.ruling(self._evidence, f"{self._acknowledged:,} acknowledged, each has its row")

    def _claim(self, operation: Operation) -> Change | None:
        """Return the row that an answer without a key names, once: a second claim of one row has none."""
        row = self._book.row_of(operation)
        if row is None or row.number in self._claimed:
            return None
        self._claimed.add(row.number)
        return row

    def _compare(self, operation: Operation, row: Change, offset: int) -> None:
        item_id, quantity = asked(operation)
        answer = operation.value or {}
        rows = [row, *(other for other in self._book.again if other.F == row.F and other.key == row.key)]
        told = (item_id, quantity, answer.get(f"{row.NOUN}_id"), answer.get("stock"))
        if told in [(each.item_id, each.quantity, each.id, each.stock_after) for each in rows]:
            return
        self._found.add(
            f"{_name(operation)} was told {quantity} × {item_id}, {row.NOUN} {told[2]}, stock {told[3]}; "
            f"its row says {row.quantity} × {row.item_id}, {row.NOUN} {row.id}, stock {row.stock_after}",
            (HISTORY, offset),
            row.pointer,
        )


def _name(operation: Operation) -> str:
    return f"operation {operation.op}, a {operation.f}" + (f" with key {operation.key}" if operation.key else "")
