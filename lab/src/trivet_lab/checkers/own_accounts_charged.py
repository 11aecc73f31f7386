"""An order is paid by whoever ordered, and by nobody else."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._checkout import Checkouts
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError
from trivet_lab.checkers._witness import Violations


class _Owned(msgspec.Struct, gc=False, frozen=True):
    """Whose an account is."""

    account_id: str
    owner: str


class OwnAccountsCharged(Checker):
    """Asks of each charge that took money whose account it was, and who ordered.

    The order's service may charge anybody's account, so that whoever lets it name an account lets it spend from there.
    Only the wallet knows whose it is.
    """

    NAME: ClassVar[str] = "own_accounts_charged"
    RULE: ClassVar[str] = (
        "Every charge that took money for an order took it from the account that the order names, which is its "
        "customer's own."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books.

        Raises:
            EvidenceError: nobody has an account.
        """
        self._evidence = evidence
        self._book = evidence.book(Checkouts)
        self._owners = {row.account_id: row.owner for _, row in evidence.ledger("wallet.accounts", _Owned)}
        if not self._owners:
            raise EvidenceError("ledger wallet.accounts is empty")

    def finish(self) -> Ruling:
        """Rule over every charge of an order that there is."""
        found = Violations()
        judged = 0
        for order_id, charges in self._book.charges_of.items():
            order = self._book.orders.get(order_id)
            for charge in charges:
                if order is None or not charge.captured_minor:
                    continue
                judged += 1
                name = charge.customer_account_id or ""
                lines = [order.pointer, charge.pointer]
                if name != order.account_id:
                    found.add(f"{charge} took money from {name}, and {order} names {order.account_id}", *lines)
                elif self._owners.get(name) != order.customer_id:
                    found.add(f"{charge} took money from {name} of {self._owners.get(name)} for {order}", *lines)
        strangers = sum(self._owners.get(order.account_id) != order.customer_id for order in self._book.orders.values())
        return found.ruling(
            self._evidence,
            f"{judged:,} charges, each of its customer's account; {strangers:,} orders named another's",
        )
