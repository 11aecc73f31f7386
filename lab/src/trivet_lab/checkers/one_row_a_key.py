"""One key, one effect, one answer: what idempotency promises."""

from __future__ import annotations

from typing import Any, ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, Pointer, Repeat
from trivet_lab.checkers._inventory import OUT_OF_STOCK, Inventory, is_done, trail
from trivet_lab.checkers._witness import Violations


class OneRowAKey(Checker):
    """Looks for keys with two rows, and for answers under one key that contradict each other.

    Answers are those of the attempts of one operation, and of operations that share a key. A later one also has to
    agree with what an unknown operation left behind.
    """

    NAME: ClassVar[str] = "one_row_a_key"
    RULE: ClassVar[str] = "A key has at most one row, and everybody who asked under it was given the same answer."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()
        self._found = Violations()
        self._retried = 0
        self._settled: dict[tuple[str, str], tuple[Any, Pointer]] = {}
        self._repeated = 0

    def read(self, batch: Batch) -> None:
        """Compare answers within operations of several attempts, and between operations that share a key."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if len(operation.attempts) > 1:
                self._retried += 1
                refused = any(attempt.code == OUT_OF_STOCK for attempt in operation.attempts)
                if refused and any(is_done(attempt) for attempt in operation.attempts):
                    self._found.add(f"operation {operation.op} was both served and refused", (HISTORY, offset))
        for repeat in batch.repeats:
            if repeat.operation.f in self._book.by_key:
                self._repeated += 1
                self._agree(repeat)

    def finish(self) -> Ruling:
        """Rule over rows and answers."""
        for row in self._book.again:
            first = self._book.by_key[row.F][row.key or ""]
            self._found.add(
                f"key {row.key} has {first.NOUN}s {first.id} and {row.id}", *trail(self._evidence, first), row.pointer
            )
        rows = len(self._book.changes)
        return self._found.ruling(
            self._evidence,
            f"{rows:,} rows, no key twice; {self._retried:,} retried and {self._repeated:,} repeated operations agree",
        )

    def _agree(self, repeat: Repeat) -> None:
        operation = repeat.operation
        name = (operation.f, operation.key or "")
        if name not in self._settled:
            pointer = (HISTORY, repeat.first_offset)
            first = self._evidence.line(pointer)
            refused = any(attempt.get("code") == OUT_OF_STOCK for attempt in first["attempts"])
            self._settle(name, first["outcome"], first["value"], pointer, refused=refused)
        refused = any(attempt.code == OUT_OF_STOCK for attempt in operation.attempts)
        self._settle(name, operation.outcome, operation.value, (HISTORY, repeat.offset), refused=refused)

    def _settle(self, name: tuple[str, str], outcome: str, value: Any, pointer: Pointer, *, refused: bool) -> None:
        """Take in one stored answer under a key; an operation that brought none settles nothing."""
        if outcome == "unknown" or (outcome == "fail" and not refused):
            return
        answer = value if outcome == "ok" else OUT_OF_STOCK
        known = self._settled.setdefault(name, (answer, pointer))
        if known[0] != answer:
            self._found.add(f"key {name[1]} was given two answers", known[1], pointer)
        row = self._book.by_key[name[0]].get(name[1])
        if answer == OUT_OF_STOCK and row is not None and known[0] == answer:
            self._found.add(f"key {name[1]} was refused, and has {row.NOUN} {row.id}", pointer, row.pointer)
