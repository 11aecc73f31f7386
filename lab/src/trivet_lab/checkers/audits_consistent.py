"""Whoever reads all accounts at once sees all the money: the bank test."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError
from trivet_lab.checkers._wallet import AUDIT, CUSTOMER, EXTERNAL
from trivet_lab.checkers._witness import Violations


class _Seen(msgspec.Struct, gc=False):
    """One account of an answer."""

    id: str
    kind: str
    currency: str
    balance_minor: int
    held_minor: int
    available_minor: int


class _Page(msgspec.Struct, gc=False):
    accounts: list[_Seen]
    next: Any = None


class AuditsConsistent(Checker):
    """Adds up every answer that has all accounts on its one page, however much was moved while it was read.

    This is Jepsen's test of a bank: read skew shows money that is in two accounts or in none, although every balance
    is right before and after.
    """

    NAME: ClassVar[str] = "audits_consistent"
    RULE: ClassVar[str] = (
        "In every audit all balances of a currency add up to 0, none but an external one is below 0, "
        "and a customer's available amount is the balance without what is held, and at least 0."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any audit; no ledger is needed."""
        self._evidence = evidence
        self._found = Violations()
        self._audits = self._partial = 0

    def read(self, batch: Batch) -> None:
        """Add up every audit that was answered."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f != AUDIT or operation.outcome != "ok" or operation.value is None:
                continue
            try:
                page = msgspec.convert(operation.value, _Page)
            except msgspec.ValidationError as error:
                raise EvidenceError(f"the answer of audit {operation.op} cannot be read: {error}") from error
            if page.next is not None:
                self._partial += 1
                continue
            self._audits += 1
            for sentence in _faults(page.accounts):
                self._found.add(f"audit {operation.op} saw {sentence}", (HISTORY, offset))

    def finish(self) -> Ruling:
        """Rule: without an audit nobody looked."""
        if not self._audits:
            why = f"{self._partial:,} saw a part of the accounts alone" if self._partial else "nobody looked"
            return Ruling("unknown", f"no audit of all accounts was answered: {why}")
        return self._found.ruling(self._evidence, f"{self._audits:,} audits, each saw all the money")


def _faults(accounts: list[_Seen]) -> list[str]:
    """Return a sentence for everything that is wrong with one audit."""
    sums = Counter[str]()
    found = []
    for account in accounts:
        sums[account.currency] += account.balance_minor
        if account.kind != EXTERNAL and account.balance_minor < 0:
            found.append(f"{account.id} at {account.balance_minor:,}")
        if account.kind == CUSTOMER:
            free = account.balance_minor - account.held_minor
            if account.available_minor != free or free < 0:
                found.append(
                    f"{account.available_minor:,} of {account.id} available, of {account.balance_minor:,} with "
                    f"{account.held_minor:,} held"
                )
    return found + [f"balances in {currency} that add up to {total:,}" for currency, total in sums.items() if total]
