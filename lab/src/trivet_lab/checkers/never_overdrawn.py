"""Nobody spends what they do not have, at any moment."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Pointer
from trivet_lab.checkers._wallet import CUSTOMER, EXTERNAL, Account, Posting, Wallet, by_version, trail_of
from trivet_lab.checkers._witness import Violations


class NeverOverdrawn(Checker):
    """Walks each customer's postings in commit order; merchants' have none, so theirs are only added up.

    Postings of one version are one step. The final balance alone would show no money that was spent twice and came
    back in time.
    """

    NAME: ClassVar[str] = "never_overdrawn"
    RULE: ClassVar[str] = (
        "At every version of a customer's account its balance is at least 0, a merchant's is at the end, "
        "and what is held back is at least 0 and at most the balance."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)

    def finish(self) -> Ruling:
        """Walk every account."""
        postings: defaultdict[str, list[Posting]] = defaultdict(list)
        for posting in self._book.postings:
            postings[posting.account_id].append(posting)
        found = Violations()
        lowest: int | None = None
        for account in self._book.accounts.values():
            if account.kind == EXTERNAL:
                continue
            if account.kind == CUSTOMER:
                low = self._walk(account, by_version(postings.get(account.account_id, [])), found)
                lowest = low if lowest is None else min(lowest, low)
            if account.balance_minor < 0:
                found.add(f"{account.kind} {account.account_id} ended with {account.balance_minor:,}")
            if not 0 <= account.held_minor <= max(0, account.balance_minor):
                held, balance = account.held_minor, account.balance_minor
                found.add(f"{account.account_id} holds {held:,} of {balance:,} back")
        return found.ruling(
            self._evidence, f"{len(self._book.postings):,} postings, the lowest balance of a customer was {lowest}"
        )

    def _trail(self, posting: Posting) -> tuple[Pointer | None, Pointer]:
        return trail_of(self._evidence, self._book, posting)

    def _walk(self, account: Account, ordered: list[Posting], found: Violations) -> int:
        """Return the lowest balance; one stretch below zero is one violation, shown by the posting that began it."""
        balance = lowest = 0
        below = False
        for place, posting in enumerate(ordered):
            balance += posting.amount_minor
            following = ordered[place + 1] if place + 1 < len(ordered) else None
            if following is not None and following.account_version == posting.account_version:
                continue
            lowest = min(lowest, balance)
            if balance < 0 and not below:
                found.add(
                    f"{account.account_id} had {balance:,} at version {posting.account_version}",
                    *(line for each in ordered[max(0, place - 1) : place + 1] for line in self._trail(each)),
                )
            below = balance < 0
        return lowest
