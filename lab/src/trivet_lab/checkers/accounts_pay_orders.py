"""Money went where the orders say, and nowhere else."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Pointer
from trivet_lab.checkers._wallet import CUSTOMER, DEPOSIT, EXTERNAL, Wallet
from trivet_lab.checkers._witness import Violations


class AccountsPayOrders(Checker):
    """Adds up, account by account, what left it and what the confirmed orders cost that name it.

    The sums are of postings and not of charges: a movement that no charge knows of is in them.
    """

    NAME: ClassVar[str] = "accounts_pay_orders"
    RULE: ClassVar[str] = (
        "What was paid into a customer's account and is not there any more is the sum of the confirmed orders that "
        "name it, and the merchants have the sum of all."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Checkouts)
        self._wallet = evidence.book(Wallet)

    def finish(self) -> Ruling:
        """Rule over every account."""
        owed: Counter[str] = Counter()
        orders: dict[str, list[Pointer]] = {}
        for order in self._book.orders.values():
            if order.is_confirmed:
                owed[order.account_id] += self._book.total_of(order.order_id)
                orders.setdefault(order.account_id, []).append(order.pointer)
        paid: Counter[str] = Counter()
        postings: dict[str, list[Pointer]] = {}
        for posting in self._wallet.postings:
            transaction = self._wallet.transactions.get(posting.transaction_id)
            if transaction is None or transaction.kind != DEPOSIT:
                paid[posting.account_id] -= posting.amount_minor
                postings.setdefault(posting.account_id, []).append(posting.pointer)
        found = Violations()
        for name, account in self._wallet.accounts.items():
            if account.kind == CUSTOMER and paid[name] != owed[name]:
                lines = [*orders.get(name, [])[:4], *postings.get(name, [])[:4]]
                found.add(f"{paid[name]} left account {name}, and its confirmed orders cost {owed[name]}", *lines)
        merchants = [name for name, each in self._wallet.accounts.items() if each.kind not in (CUSTOMER, EXTERNAL)]
        got = -sum(paid[name] for name in merchants)
        if got != owed.total() and not found.count:
            found.add(f"the merchants got {got}, and all confirmed orders cost {owed.total()}")
        return found.ruling(self._evidence, f"{owed.total():,} minor units for {len(orders):,} accounts' orders")
