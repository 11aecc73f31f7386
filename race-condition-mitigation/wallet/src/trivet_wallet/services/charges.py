"""Payments: a customer's money for a merchant, held first (authorised) or taken at once (captured)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from trivet_chassis import InvalidRequest, KeyedRequest
from trivet_wallet import books
from trivet_wallet.books import Page
from trivet_wallet.errors import ChargeVoided, InsufficientFunds
from trivet_wallet.ids import new_uuid
from trivet_wallet.ledger.kinds import AccountKind, ChargeState, OperationKind, TransactionKind
from trivet_wallet.services import Decision, Facts, Touched, ensure_may_pay


def charge_body(charge: books.Charge) -> Mapping[str, Any]:
    """Return a charge as callers see it."""
    return {
        "charge_id": str(charge.id),
        "charge_key": charge.key,
        "customer_account_id": charge.customer_account_id,
        "merchant_account_id": charge.merchant_account_id,
        "amount_minor": charge.amount_minor,
        "currency": charge.currency,
        "state": charge.state,
        "captured_minor": charge.captured_minor,
        "refunded_minor": charge.refunded_minor,
    }


@dataclass(frozen=True)
class MakeCharge:
    """A payment under its caller's key, which names it from then on."""

    kind: ClassVar[OperationKind] = OperationKind.CHARGE
    finds_accounts_in_charge: ClassVar[bool] = False
    excludes_charge: ClassVar[bool] = True

    subject: str
    key: str
    customer_account_id: str
    merchant_account_id: str
    amount_minor: int
    capture: bool = True
    owner: str | None = None
    """Whose the customer's account must be since they ask themselves; None if anybody's."""
    customer: str | None = None
    """Whose the customer's account must be since the caller acts for them; None if the caller did not say for whom."""
    currency: str | None = None
    """The currency that the amount is meant in; None if the account's, whatever that is."""

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key.

        A customer and a currency are of the payload where they are named; what names neither has the payload that it
        had before they could be.
        """
        wanted = (self.customer_account_id, self.merchant_account_id, self.amount_minor, self.capture)
        named = {"customer": self.customer, "currency": self.currency}
        named = {name: value for name, value in named.items() if value is not None}
        return KeyedRequest.of(self.subject, self.kind, self.key, *wanted, *([named] if named else []))

    @property
    def charge_name(self) -> books.ChargeName:
        """The charge that it makes: its key is its own."""
        return self.subject, self.key

    def as_asked(self) -> books.Charge:
        """Return the charge before anything is decided about it; its currency is its accounts'."""
        return books.Charge(
            id=new_uuid(),
            subject=self.subject,
            key=self.key,
            customer_account_id=self.customer_account_id,
            merchant_account_id=self.merchant_account_id,
            amount_minor=self.amount_minor,
            currency=None,
            state=ChargeState.AUTHORISED,
            is_new=True,
        )

    def touches(self, charge: books.Charge | None) -> Touched:  # noqa: ARG002  - a charge needs what it names
        """Return the customer's account, and the merchant's, which is only added to."""
        return Touched(frozenset({self.customer_account_id}), frozenset({self.merchant_account_id}))

    def facts(self, charge: books.Charge | None) -> Facts:  # noqa: ARG002  - the same
        """Return what its entry says of it."""
        return Facts(self.customer_account_id, self.merchant_account_id, self.amount_minor, self.key)

    def decide(self, page: Page, entry_id: str) -> Decision:  # noqa: ARG002  - a charge has an id of its own
        """Take or hold the money.

        Which race: a void overtakes the charge whose payment it gives up. Why the tombstone: the void leaves a row
        under the charge's key, and the charge that comes late finds it and is refused, for good.

        Raises:
            ChargeVoided: It was voided before it came.
            NotYours: The customer's account is not the owner's, or not the customer's for whom the caller acts.
            NoSuchAccount: One of the accounts is not there.
            InvalidRequest: The accounts are no customer's and merchant's, or of two currencies, or of another one than
                the amount is meant in.
            InsufficientFunds: The customer has less available; the charge is kept as declined.
        """
        if self.charge_name in page.charges:
            raise ChargeVoided(f"the charge {self.key} was voided before it came", charge_key=self.key)
        customer = page.account_of(self.customer_account_id, self.owner, self.customer)
        merchant = page.account(self.merchant_account_id)
        _ensure_kinds(customer, merchant)
        if self.currency not in {None, customer.currency}:
            raise InvalidRequest(
                f"{self.amount_minor} {self.currency} cannot be taken: {customer.id} is in {customer.currency}"
            )
        charge = self.as_asked()
        charge.currency = customer.currency
        try:
            ensure_may_pay(customer, merchant, self.amount_minor)
        except InsufficientFunds:
            charge.state = ChargeState.DECLINED
            page.charges[charge.name] = charge
            raise
        page.charges[charge.name] = charge
        if not self.capture:
            customer.hold(self.amount_minor)
            return Decision(201, charge_body(charge))
        transaction_id = page.move(TransactionKind.CAPTURE, customer, merchant, self.amount_minor)
        charge.change(ChargeState.CAPTURED, captured_minor=self.amount_minor)
        return Decision(201, charge_body(charge), transaction_id)


def _ensure_kinds(customer: books.Account, merchant: books.Account) -> None:
    for account, kind in ((customer, AccountKind.CUSTOMER), (merchant, AccountKind.MERCHANT)):
        if account.kind != kind:
            raise InvalidRequest(f"account {account.id} is no {kind}'s")
