"""Whoever shows a token that is another hold's pins nothing."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch
from trivet_lab.checkers._seats import SETTLING
from trivet_lab.checkers._witness import Violations

MISTAKEN = "token_of"
"""The argument that names the hold whose token was shown by mistake; no token stands in a history."""


class TokensCompared(Checker):
    """Looks what became of those who showed a wrong token: each used an order id of its own, and nobody else's pin."""

    NAME: ClassVar[str] = "tokens_compared"
    RULE: ClassVar[str] = "No pin and no confirmation is acknowledged to an order that showed another hold's token."

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any; no ledger is needed."""
        self._evidence = evidence
        self._found = Violations()
        self._mistaken = 0

    def read(self, batch: Batch) -> None:
        """Look at every one that showed a wrong token."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f not in SETTLING or MISTAKEN not in operation.args:
                continue
            self._mistaken += 1
            if operation.outcome == "ok":
                self._found.add(
                    f"the {operation.f} of hold {operation.args.get('id')} showed the token of "
                    f"{operation.args[MISTAKEN]} and was acknowledged",
                    (HISTORY, offset),
                )

    def finish(self) -> Ruling:
        """Rule over the answers."""
        return self._found.ruling(self._evidence, f"{self._mistaken:,} showed another hold's token, and pinned nothing")
