"""A void that was acknowledged is the end of its charge."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, Pointer
from trivet_lab.checkers._wallet import CAPTURE, CHARGE, VOID, Wallet, asked
from trivet_lab.checkers._witness import Violations

_ENDED = frozenset({"voided", "declined"})
_CAPTURED = "captured"


class VoidedNeverCaptured(Checker):
    """Sets every charge whose void was acknowledged, to somebody or in the books, against every captured one.

    Whoever voids a charge gives what it paid for to somebody else; a capture that comes after it, or did at once with
    it, takes the money nevertheless.
    """

    NAME: ClassVar[str] = "voided_never_captured"
    RULE: ClassVar[str] = (
        "A charge whose void was acknowledged stays voided or declined and is never captured, "
        "and the void of a captured one is never acknowledged."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)
        self._voided: dict[str, Pointer] = {}
        self._captured: dict[str, Pointer] = {}

    def read(self, batch: Batch) -> None:
        """Note which charges were voided and captured, as the crowd was told."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.outcome != "ok" or operation.key is None:
                continue
            kind, payload = asked(operation)
            if kind == VOID:
                self._voided.setdefault(payload.get("charge_key", ""), (HISTORY, offset))
            elif kind in (CHARGE, CAPTURE) and (operation.value or {}).get("state") == _CAPTURED:
                self._captured.setdefault(payload.get("charge_key", operation.key), (HISTORY, offset))

    def finish(self) -> Ruling:
        """Add what the books say, and compare."""
        for row in self._book.decisions:
            if row.is_done and row.charge and row.kind == VOID:
                self._voided.setdefault(row.charge, row.pointer)
            elif row.charge and row.kind in (CHARGE, CAPTURE) and row.transaction_id is not None:
                self._captured.setdefault(row.charge, row.pointer)
        found = Violations()
        for key, pointer in self._voided.items():
            charge = self._book.charges.get(key)
            if key in self._captured:
                shown = [charge.pointer] if charge else []
                found.add(f"charge {key} was voided and captured", pointer, self._captured[key], *shown)
            elif charge is None:
                found.add(f"charge {key} was voided, and nothing in the books remembers it", pointer)
            elif charge.state not in _ENDED:
                found.add(f"charge {key} was voided, and is {charge.state}", pointer, charge.pointer)
        return found.ruling(
            self._evidence, f"{len(self._voided):,} voids, {len(self._captured):,} captures, of no charge both"
        )
