"""What is in the ledger was asked for, and not refused."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._inventory import Change, Inventory, asked, trail
from trivet_lab.checkers._witness import Violations


class NoPhantomPurchase(Checker):
    """Marks every row that an operation may have caused; what is left unmarked nobody bought."""

    NAME: ClassVar[str] = "no_phantom_purchase"
    RULE: ClassVar[str] = "Every row of a purchase or restock belongs to an operation that succeeded or may have."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()
        self._owned = bytearray(len(self._book.changes))
        self._keyless_attempts: Counter[tuple[str, str, int]] = Counter()

    def read(self, batch: Batch) -> None:
        """Mark the rows of operations that succeeded, and of unknown ones that asked for just that."""
        books, owned = self._book.by_key, self._owned
        for operation in batch.operations:
            outcome = operation.outcome
            if outcome == "fail" or operation.f not in books:
                continue
            if operation.key is None and outcome == "unknown":
                self._keyless_attempts[operation.f, *asked(operation)] += len(operation.attempts)
                continue
            row = books[operation.f].get(operation.key) if operation.key is not None else self._book.row_of(operation)
            if row is not None and (outcome == "ok" or asked(operation) == (row.item_id, row.quantity)):
                owned[row.number] = 1

    def finish(self) -> Ruling:
        """Rule over the rows that are not marked."""
        for row in self._book.again:
            if row.key is not None:
                self._owned[row.number] = self._owned[self._book.by_key[row.F][row.key].number]
        found = Violations()
        for row in self._book.changes:
            if not self._owned[row.number] and not self._explains(row):
                found.add(self._sentence(row), *trail(self._evidence, row))
        unreadable = self._evidence.history.unreadable
        if 0 < found.count <= unreadable:
            return Ruling(
                "unknown",
                f"{found.count:,} rows have no operation, but {unreadable:,} lines of the history are unreadable and "
                "may have been theirs",
            )
        return found.ruling(self._evidence, f"{len(self._book.changes):,} rows, each was asked for and none refused")

    def _explains(self, row: Change) -> bool:
        """Whether an unknown operation without a key may have caused a row without one; each attempt explains one."""
        asked_for = (row.F, row.item_id, row.quantity)
        if row.key is not None or not self._keyless_attempts[asked_for]:
            return False
        self._keyless_attempts[asked_for] -= 1
        return True

    def _sentence(self, row: Change) -> str:
        what = f"{row.NOUN} {row.id} of {row.quantity} × {row.item_id}"
        pointer = self._evidence.history.pointer(row.F, row.key)
        if pointer is None:
            return f"nobody asked for {what}"
        operation = self._evidence.line(pointer)
        wanted = f"{operation['args'].get('quantity', 1)} × {operation['args'].get('item_id')}"
        return f"operation {operation['op']} asked for {wanted} and ended {operation['outcome']}; there is {what}"
