"""Whoever is not who they say, or may not do what they ask, gets no money, no answer of another's and no sight."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError
from trivet_lab.checkers._wallet import Wallet
from trivet_lab.checkers._witness import Violations

ATTACK, IMPOSTOR, OPEN = "attack", "mallory", "open"
"""As the crowd's plan names them."""
_TURNED_AWAY = frozenset({401, 403, 404})


class ImpostorsGetNothing(Checker):
    """Looks what impostors were told, and what of them is in the books.

    What was told is not enough: money may have moved although an answer was lost. So the books are searched for the
    impostor's name: nothing was decided for them but that their account was opened, and nothing was posted to it.
    """

    NAME: ClassVar[str] = "impostors_get_nothing"
    RULE: ClassVar[str] = (
        "Every attack is turned away with 401, 403 or 404 whenever it is answered, nothing that an impostor asked for "
        "was decided, and not a coin came to their account."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)
        self._found = Violations()
        self._answered: Counter[str] = Counter()
        self._let_in = 0

    def read(self, batch: Batch) -> None:
        """Look at every answer to an attack."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f != ATTACK:
                continue
            kind = str(operation.args.get("attack"))
            for attempt in operation.attempts:
                if attempt.status in _TURNED_AWAY:
                    self._answered[kind] += 1
                elif 200 <= attempt.status < 500 and attempt.status != 429:  # what was turned away at the door, or lost
                    self._let_in += 1
                    self._found.add(f"operation {operation.op}, {kind}, was told {attempt.status}", (HISTORY, offset))

    def finish(self) -> Ruling:
        """Rule over answers and books."""
        if not self._answered and not self._let_in:
            raise EvidenceError("nobody attacked, or nobody was answered")
        for row in self._book.decisions:
            if row.subject == IMPOSTOR and row.kind != OPEN:
                self._found.add(f"a {row.kind} of {IMPOSTOR}'s was decided: {row.status}", row.pointer)
        for posting in self._book.postings:
            if posting.account_id == IMPOSTOR:
                self._found.add(f"{posting.amount_minor:+,} came to {IMPOSTOR}", posting.pointer)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(self._answered.items()))
        return self._found.ruling(self._evidence, f"{self._answered.total():,} attacks turned away: {told}")
