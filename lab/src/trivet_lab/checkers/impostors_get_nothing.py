"""Whoever is not who they say, or may not do what they ask, gets no money, no answer of another's and no sight."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError
from trivet_lab.checkers._wallet import ATTACK, Wallet
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Attempt

IMPOSTOR, OPEN = "mallory", "open"
"""As the crowd's plan names them."""
IN_FLIGHT = "request-in-flight"
_TURNED_AWAY = frozenset({401, 403, 404})
_OF_NO_USE = frozenset({408, 429})
"""Told at the door, or to one who is to come again: nothing was done, and nothing shown."""


class ImpostorsGetNothing(Checker):
    """Looks what impostors were told, and what of them is in the books.

    What was told is not enough: money may have moved although an answer was lost. So the books are searched for the
    impostor's name: nothing was decided for them but that their account was opened, and nothing was posted to it. Each
    kind of attack tries another guard, so those that were answered say nothing of a kind that never was. That a request
    with the same key is in flight (409) speaks of that attempt alone, as do a wait (429) and a failure (5xx).
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
        self._sent: set[str] = set()
        self._turned_away: Counter[str] = Counter()

    def read(self, batch: Batch) -> None:
        """Look at every answer to an attack."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f != ATTACK:
                continue
            kind = str(operation.args.get("attack"))
            self._sent.add(kind)
            for attempt in operation.attempts:
                if attempt.status in _TURNED_AWAY:
                    self._turned_away[kind] += 1
                elif _tells(attempt):
                    self._found.add(f"operation {operation.op}, {kind}, was told {attempt.status}", (HISTORY, offset))

    def finish(self) -> Ruling:
        """Rule over answers and books."""
        if not self._sent:
            raise EvidenceError("nobody attacked")
        for row in self._book.decisions:
            if row.subject == IMPOSTOR and row.kind != OPEN:
                self._found.add(f"a {row.kind} of {IMPOSTOR}'s was decided: {row.status}", row.pointer)
        for posting in self._book.postings:
            if posting.account_id == IMPOSTOR:
                self._found.add(f"{posting.amount_minor:+,} came to {IMPOSTOR}", posting.pointer)
        if not self._found.count and (unheard := sorted(self._sent - self._turned_away.keys())):
            raise EvidenceError(f"no attack of these kinds was answered: {', '.join(unheard)}")
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(self._turned_away.items()))
        return self._found.ruling(self._evidence, f"{self._turned_away.total():,} attacks turned away: {told}")


def _tells(attempt: Attempt) -> bool:
    """Whether an attempt that was not turned away was answered with anything of use; one that was lost was not."""
    return 200 <= attempt.status < 500 and attempt.status not in _OF_NO_USE and attempt.code != IN_FLIGHT
