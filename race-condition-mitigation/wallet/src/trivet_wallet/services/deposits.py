"""Money that comes in from the world outside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import KeyedRequest
from trivet_wallet.books import Charge, ChargeName, Page
from trivet_wallet.ledger.kinds import OperationKind, TransactionKind
from trivet_wallet.services import Decision, Facts, Touched


@dataclass(frozen=True)
class Deposit:
    """An amount for an account, against the external account of its currency."""

    kind: ClassVar[OperationKind] = OperationKind.DEPOSIT
    charge_name: ClassVar[ChargeName | None] = None
    finds_accounts_in_charge: ClassVar[bool] = False
    excludes_charge: ClassVar[bool] = False

    subject: str
    key: str
    account_id: str
    amount_minor: int

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key."""
        return KeyedRequest.of(self.subject, self.kind, self.key, self.account_id, self.amount_minor)

    def touches(self, charge: Charge | None) -> Touched:  # noqa: ARG002  - no charge is about it
        """Return the account; the world outside is appended to unread."""
        return Touched(credited=frozenset({self.account_id}))

    def facts(self, charge: Charge | None) -> Facts:  # noqa: ARG002  - the same
        """Return what its entry says of it."""
        return Facts(account_id=self.account_id, amount_minor=self.amount_minor)

    def decide(self, page: Page, entry_id: str) -> Decision:
        """Add it.

        Raises:
            NoSuchAccount: There is no such account.
        """
        account = page.account(self.account_id)
        external = page.external(account.currency)
        transaction_id = page.move(TransactionKind.DEPOSIT, external, account, self.amount_minor)
        body = {
            "deposit_id": entry_id,
            "transaction_id": transaction_id,
            "account_id": account.id,
            "amount_minor": self.amount_minor,
            "currency": account.currency,
        }
        return Decision(201, body, transaction_id)
