"""Money that goes from one account to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import InvalidRequest, KeyedRequest
from trivet_wallet.books import Charge, ChargeName, Page
from trivet_wallet.ledger.kinds import OperationKind, TransactionKind
from trivet_wallet.services import Decision, Facts, Touched, ensure_may_pay


@dataclass(frozen=True)
class Transfer:
    """An amount for another account of the same currency."""

    kind: ClassVar[OperationKind] = OperationKind.TRANSFER
    charge_name: ClassVar[ChargeName | None] = None
    finds_accounts_in_charge: ClassVar[bool] = False
    excludes_charge: ClassVar[bool] = False

    subject: str
    key: str
    from_account_id: str
    to_account_id: str
    amount_minor: int
    owner: str | None = None
    """Whose the payer's account must be; None if anybody's."""

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key."""
        return KeyedRequest.of(
            self.subject, self.kind, self.key, self.from_account_id, self.to_account_id, self.amount_minor
        )

    def touches(self, charge: Charge | None) -> Touched:  # noqa: ARG002  - no charge is about it
        """Return both accounts."""
        return Touched(frozenset({self.from_account_id}), frozenset({self.to_account_id}))

    def facts(self, charge: Charge | None) -> Facts:  # noqa: ARG002  - the same
        """Return what its entry says of it."""
        return Facts(self.from_account_id, self.to_account_id, self.amount_minor)

    def decide(self, page: Page, entry_id: str) -> Decision:
        """Move it.

        Raises:
            InvalidRequest: The two are one account, or of two currencies.
            NotYours: The payer's account is not the owner's.
            NoSuchAccount: One of them is not there.
            InsufficientFunds: The payer has less available.
        """
        if self.from_account_id == self.to_account_id:
            raise InvalidRequest(f"from and to are both {self.to_account_id}")
        payer = page.account_of(self.from_account_id, self.owner)
        payee = page.account(self.to_account_id)
        ensure_may_pay(payer, payee, self.amount_minor)
        transaction_id = page.move(TransactionKind.TRANSFER, payer, payee, self.amount_minor)
        body = {
            "transfer_id": entry_id,
            "transaction_id": transaction_id,
            "from_account_id": payer.id,
            "to_account_id": payee.id,
            "amount_minor": self.amount_minor,
            "currency": payer.currency,
        }
        return Decision(201, body, transaction_id)
