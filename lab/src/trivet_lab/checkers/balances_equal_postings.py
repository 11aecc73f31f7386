"""A balance is what its postings say, and each movement takes from one account what it gives to another."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Pointer
from trivet_lab.checkers._wallet import AUTHORISED, Posting, Wallet, trail_of
from trivet_lab.checkers._witness import Violations


class BalancesEqualPostings(Checker):
    """Adds every account's postings up, and every transaction's.

    A lost update shows here: its posting is there, and the balance was written by somebody who had not seen it.
    """

    NAME: ClassVar[str] = "balances_equal_postings"
    RULE: ClassVar[str] = (
        "Every balance is the sum of its account's postings and every held amount that of its authorised charges; "
        "every transaction has two or more postings, which add up to 0 in each currency."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)

    def finish(self) -> Ruling:
        """Compare both ways."""
        found = Violations()
        self._compare_balances(found)
        self._compare_held(found)
        self._compare_transactions(found)
        book = self._book
        return found.ruling(
            self._evidence,
            f"{len(book.postings):,} postings of {len(book.transactions):,} transactions make up "
            f"{len(book.accounts):,} balances",
        )

    def _compare_balances(self, found: Violations) -> None:
        postings: defaultdict[str, list[Posting]] = defaultdict(list)
        for posting in self._book.postings:
            postings[posting.account_id].append(posting)
        sums = {name: sum(posting.amount_minor for posting in rows) for name, rows in postings.items()}
        for account_id in sorted(sums.keys() | self._book.accounts.keys()):
            account = self._book.accounts.get(account_id)
            shown = self._likely(postings.get(account_id, []))
            if account is None:
                found.add(f"postings move {sums[account_id]:,} of {account_id}, which is no account", *shown)
            elif account.balance_minor != (total := sums.get(account_id, 0)):
                found.add(f"{account_id} has {account.balance_minor:,}, but its postings add up to {total:,}", *shown)

    def _likely(self, postings: list[Posting]) -> list[Pointer | None]:
        """Return the first two changes that were made to one version, each unseen by the other; else the last one."""
        seen: dict[int, Posting] = {}
        shown = postings[-1:]
        for posting in postings:
            version = posting.account_version
            if version is not None and seen.setdefault(version, posting) is not posting:
                shown = [seen[version], posting]
                break
        return [line for posting in shown for line in trail_of(self._evidence, self._book, posting)]

    def _compare_held(self, found: Violations) -> None:
        held = Counter[str]()
        for charge in self._book.charges.values():
            if charge.state == AUTHORISED and charge.customer_account_id is not None:
                held[charge.customer_account_id] += charge.amount_minor or 0
        for account in self._book.accounts.values():
            if account.held_minor != held[account.account_id]:
                found.add(
                    f"{account.account_id} holds {account.held_minor:,} back, but its authorised charges are "
                    f"{held[account.account_id]:,}"
                )

    def _compare_transactions(self, found: Violations) -> None:
        for transaction_id, postings in self._book.postings_of.items():
            lines = [posting.pointer for posting in postings]
            if transaction_id not in self._book.transactions:
                found.add(f"postings name transaction {transaction_id}, which there is not", *lines)
            sums = Counter[str]()
            for posting in postings:
                sums[posting.currency] += posting.amount_minor
            if len(postings) < 2 or any(sums.values()):
                off = ", ".join(f"{amount:,} {currency}" for currency, amount in sums.items())
                found.add(f"transaction {transaction_id} has {len(postings)} postings, which add up to {off}", *lines)
        for transaction_id, transaction in self._book.transactions.items():
            if transaction_id not in self._book.postings_of:
                found.add(f"transaction {transaction_id} has no posting", transaction.pointer)
