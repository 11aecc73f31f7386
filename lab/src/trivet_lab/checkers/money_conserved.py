"""Money is neither made nor destroyed: whatever is in the accounts came from outside."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._wallet import DEPOSIT, EXTERNAL, Wallet
from trivet_lab.checkers._witness import Violations

ADJUSTMENT = "adjustment"


class MoneyConserved(Checker):
    """Compares sums of final balances alone, so that it holds whatever the postings say.

    Two writers that both counted an account down from one balance make money here: both payees have it.
    """

    NAME: ClassVar[str] = "money_conserved"
    RULE: ClassVar[str] = (
        "In every currency all balances, the external ones included, add up to 0, and what the external accounts lack "
        "is what was deposited."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)

    def finish(self) -> Ruling:
        """Compare the sums of every currency; the witness of what is missing outside are the last deposits."""
        found = Violations()
        totals, outside = Counter[str](), Counter[str]()
        for account in self._book.accounts.values():
            totals[account.currency] += account.balance_minor
            if account.kind == EXTERNAL:
                outside[account.currency] += account.balance_minor
        deposited = self._deposited()
        for currency in sorted(totals):
            if totals[currency]:
                found.add(f"all balances in {currency} add up to {totals[currency]:,}")
            if outside[currency] + deposited[currency]:
                found.add(
                    f"{deposited[currency]:,} {currency} were deposited, and the external accounts are at "
                    f"{outside[currency]:,}",
                    *(row.pointer for row in self._book.decisions[-1:] if row.kind == DEPOSIT),
                )
        count, came = len(self._book.accounts), deposited.total()
        return found.ruling(self._evidence, f"{count:,} accounts add up to 0; {came:,} came from outside")

    def _deposited(self) -> Counter[str]:
        """Count what came from outside: deposits that were done, and what operators moved to and fro."""
        deposited = Counter[str]()
        accounts = self._book.accounts
        for row in self._book.decisions:
            if row.kind == DEPOSIT and row.is_done and row.account_id in accounts:
                deposited[accounts[row.account_id].currency] += row.amount_minor or 0
        for transaction in self._book.transactions.values():
            if transaction.kind == ADJUSTMENT:
                for posting in self._book.postings_of.get(transaction.transaction_id, []):
                    if posting.account_id in accounts and accounts[posting.account_id].kind == EXTERNAL:
                        deposited[posting.currency] -= posting.amount_minor
        return deposited
