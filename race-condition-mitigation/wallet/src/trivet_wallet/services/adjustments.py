"""Money that a member of staff moves, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import InvalidRequest, KeyedRequest
from trivet_wallet.books import Charge, ChargeName, Page
from trivet_wallet.ledger.kinds import EXTERNAL_PREFIX, OperationKind, TransactionKind
from trivet_wallet.services import Decision, Facts, Touched, ensure_may_pay


@dataclass(frozen=True)
class Adjustment:
    """An amount from one account to another of the same currency; either may be the world outside.

    Books are mended by adding to them: it is a transaction like every other, and nobody is overdrawn by it. ``subject``
    is who did it, and stands in its entry beside the reason for good.
    """

    kind: ClassVar[OperationKind] = OperationKind.ADJUSTMENT
    charge_name: ClassVar[ChargeName | None] = None
    finds_accounts_in_charge: ClassVar[bool] = False
    excludes_charge: ClassVar[bool] = False

    subject: str
    key: str
    debit_account_id: str
    credit_account_id: str
    amount_minor: int
    reason: str

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key."""
        wanted = (self.debit_account_id, self.credit_account_id, self.amount_minor, self.reason)
        return KeyedRequest.of(self.subject, self.kind, self.key, *wanted)

    def touches(self, charge: Charge | None) -> Touched:  # noqa: ARG002  - no charge is about it
        """Return both accounts; the world outside is not locked to be debited, since it has no bottom to look for."""
        both = frozenset({self.debit_account_id, self.credit_account_id})
        return Touched(frozenset(each for each in both if not each.startswith(EXTERNAL_PREFIX)), both)

    def facts(self, charge: Charge | None) -> Facts:  # noqa: ARG002  - the same
        """Return what its entry says of it."""
        return Facts(self.debit_account_id, self.credit_account_id, self.amount_minor, reason=self.reason)

    def decide(self, page: Page, entry_id: str) -> Decision:
        """Move it.

        Raises:
            InvalidRequest: The two are one account, or of two currencies.
            NoSuchAccount: One of them is not there.
            InsufficientFunds: The debited account has less available.
        """
        if self.debit_account_id == self.credit_account_id:
            raise InvalidRequest(f"debit and credit are both {self.debit_account_id}")
        debit, credit = page.account(self.debit_account_id), page.account(self.credit_account_id)
        ensure_may_pay(debit, credit, self.amount_minor)
        transaction_id = page.move(TransactionKind.ADJUSTMENT, debit, credit, self.amount_minor)
        body = {
            "adjustment_id": entry_id,
            "transaction_id": transaction_id,
            "debit_account_id": debit.id,
            "credit_account_id": credit.id,
            "amount_minor": self.amount_minor,
            "currency": debit.currency,
            "reason": self.reason,
        }
        return Decision(201, body, transaction_id)
