"""Collects violations: all are counted, of the first few the lines that prove them are kept."""

from __future__ import annotations

from trivet_lab.checkers._checker import Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Pointer

WITNESS_MAX = 10


class Violations:
    """What breaks one rule. A witness holds at most ``WITNESS_MAX`` lines, and the lines of one violation together."""

    def __init__(self) -> None:
        """Begin without any."""
        self.count = 0
        self._shown = 0
        self._first = ""
        self._lines: dict[Pointer, None] = {}

    def add(self, sentence: str, *lines: Pointer | None) -> None:
        """Count one violation that these lines prove; None stands for a line that does not exist."""
        self.count += 1
        self._first = self._first or sentence
        new = [line for line in lines if line is not None and line not in self._lines]
        if self.count == 1 or (self._shown == self.count - 1 and len(self._lines) + len(new) <= WITNESS_MAX):
            self._shown += 1
            self._lines.update(dict.fromkeys(new[:WITNESS_MAX]))

    def ruling(self, evidence: Evidence, otherwise: str) -> Ruling:
        """Return *invalid* with the witness, or *valid* with the sentence ``otherwise`` if there is no violation."""
        if not self.count:
            return Ruling("valid", otherwise)
        observed = self._first if self.count == 1 else f"{self.count:,} times; first: {self._first}"
        if self.count > self._shown:
            observed += f" ({self.count - self._shown:,} further ones are not shown)"
        return Ruling("invalid", observed, [evidence.line(line) for line in self._lines])
