"""What is in the books was asked for, and decided as it was told."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._supply import Opening, openings
from trivet_lab.checkers._wallet import DEPOSIT, KINDS, Decision, Wallet, asked, decline, trail
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Operation

OPEN = "open"


class NoPhantomPayment(Checker):
    """Marks every row that an operation may have caused; what is left unmarked nobody asked for.

    A row of a refusal needs an operation as one of a success does: whoever was told that it happened has no refusal.
    """

    NAME: ClassVar[str] = "no_phantom_payment"
    RULE: ClassVar[str] = (
        "Every operation in the books is the scenario's own, or belongs to one of the crowd that asked for just that "
        "and was told so or never learnt; and every transaction belongs to an operation that names it."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books and the plan."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)
        self._openings = openings(evidence)
        self._owned = bytearray(len(self._book.decisions))

    def read(self, batch: Batch) -> None:
        """Mark the rows of operations that asked for just that, and were not told otherwise."""
        for operation in batch.operations:
            if operation.key is None:
                continue
            kind, payload = asked(operation)
            row = self._book.by_key[kind].get(operation.key) if kind in KINDS else None
            if row is not None and _may_be_told(operation, row) and self._book.payload_fits(row, payload):
                self._owned[row.number] = 1

    def finish(self) -> Ruling:
        """Rule over the rows that are not marked."""
        for row in self._book.again:  # a key's second row is another rule's to say
            self._owned[row.number] = self._owned[self._book.by_key[row.kind][row.key or ""].number]
        found = Violations()
        for row in self._book.decisions:
            if not self._owned[row.number] and not self._is_own(row):
                found.add(self._sentence(row), *trail(self._evidence, row))
        unreadable = self._evidence.history.unreadable
        if 0 < found.count <= unreadable:
            return Ruling(
                "unknown",
                f"{found.count:,} rows have no operation, but {unreadable:,} lines of the history are unreadable and "
                "may have been theirs",
            )
        for transaction in self._book.transactions.values():
            owner = self._book.owner(transaction)
            if owner is None or owner.transaction_id != transaction.transaction_id:
                found.add(f"transaction {transaction.transaction_id} is no operation's", transaction.pointer)
        return found.ruling(self._evidence, f"{len(self._book.decisions):,} rows, each was asked for and told so")

    def _is_own(self, row: Decision) -> bool:
        """Whether the scenario itself asked for this before the crowd came."""
        opening: Opening | None = self._openings.get(row.key or "")
        if opening is None:
            return row.kind == OPEN and any(each.id == row.account_id for each in self._openings.values())
        if row.kind == OPEN:
            return True
        return row.kind == DEPOSIT and (row.account_id, row.amount_minor) == (opening.id, opening.opening_minor)

    def _sentence(self, row: Decision) -> str:
        what = f"a {row.kind} with key {row.key} that ended {row.status} {row.code or ''}".rstrip()
        pointer = self._evidence.history.pointer(row.kind, row.key)
        if pointer is None:
            return f"nobody asked for {what}"
        operation = self._evidence.line(pointer)
        wanted = f"operation {operation['op']} asked for {operation['args']} and ended {operation['outcome']}"
        return f"{wanted}; there is {what}"


def _may_be_told(operation: Operation, row: Decision) -> bool:
    """Whether an operation may have been about this row, by what it was told of its outcome."""
    if operation.outcome == "unknown":
        return True
    if operation.outcome == "ok":
        return row.is_done
    refused = decline(operation)
    return refused is not None and refused.code == row.code
