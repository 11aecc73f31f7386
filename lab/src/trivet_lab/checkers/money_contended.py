"""Whether anybody competed for money: a wallet without a guard looks right to customers who come one at a time."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._wallet import INSUFFICIENT_FUNDS, KINDS, accounts_in, asked, decline, payer


class _Account:
    """Who was at one account, and when; and when somebody was declined there."""

    def __init__(self) -> None:
        self.calls = array("q")
        self.returns = array("q")
        self.declined: list[tuple[int, int]] = []


class MoneyContended(Checker):
    """Counts who else was in flight at an account while somebody was declined there."""

    NAME: ClassVar[str] = "money_contended"
    RULE: ClassVar[str] = (
        "At least one operation was declined for want of money while two or more were in flight at its account."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any operation; no ledger is needed."""
        del evidence
        self._accounts: dict[str, _Account] = {}

    def read(self, batch: Batch) -> None:
        """Note when each operation was in flight at the accounts that it names."""
        accounts = self._accounts
        for operation in batch.operations:
            kind, payload = asked(operation)
            if kind not in KINDS:
                continue
            span = operation.attempts[0].call_ns, operation.attempts[-1].return_ns
            for name in accounts_in(kind, payload):
                account = accounts.get(name)
                if account is None:
                    account = accounts[name] = _Account()
                account.calls.append(span[0])
                account.returns.append(span[1])
            if operation.outcome == "fail":
                refused, whose = decline(operation), payer(kind, payload)
                if refused is not None and refused.code == INSUFFICIENT_FUNDS and whose in accounts:
                    accounts[whose].declined.append(span)

    def finish(self) -> Ruling:
        """Rule: without competition nothing was put to the test, so the verdict is unknown."""
        declined = sum(len(account.declined) for account in self._accounts.values())
        if not declined:
            return Ruling("unknown", "nobody was declined: nothing was scarce")
        most = {name: _most(account) for name, account in self._accounts.items() if account.declined}
        competed = {name: count for name, count in most.items() if count >= 2}
        if not competed:
            return Ruling("unknown", f"{declined:,} were declined, but each was alone at its account")
        name, count = max(competed.items(), key=lambda entry: (entry[1], entry[0]))
        return Ruling(
            "valid",
            f"{len(competed):,} of {len(most):,} accounts that ran dry were competed for; most at {name}: "
            f"{count:,} operations in flight at a declined one; {declined:,} declined in all",
        )


def _most(account: _Account) -> int:
    """Return how many operations were in flight together with a declined one, itself included."""
    calls, returns = sorted(account.calls), sorted(account.returns)
    return max(bisect_right(calls, until) - bisect_left(returns, since) for since, until in account.declined)
