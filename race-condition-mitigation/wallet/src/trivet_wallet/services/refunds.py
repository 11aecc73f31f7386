"""Giving captured money back, whole or in parts, and never more than was taken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import KeyedRequest
from trivet_wallet import books
from trivet_wallet.books import Page
from trivet_wallet.errors import RefundExceedsCapture
from trivet_wallet.ledger.kinds import ChargeState, OperationKind, TransactionKind
from trivet_wallet.services import Decision, Facts, Touched, ensure_may_pay
from trivet_wallet.services.charge_states import ChargeEvent, after


@dataclass(frozen=True)
class Refund:
    """An amount of a captured charge, back to its customer."""

    kind: ClassVar[OperationKind] = OperationKind.REFUND
    finds_accounts_in_charge: ClassVar[bool] = True
    excludes_charge: ClassVar[bool] = False

    subject: str
    key: str
    charge_key: str
    amount_minor: int
    customer: str | None = None
    """Whose the charged account must be since the caller acts for them; None if the caller did not say for whom."""

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key; a customer is of the payload where one is named."""
        named = [] if self.customer is None else [{"customer": self.customer}]
        return KeyedRequest.of(self.subject, self.kind, self.key, self.charge_key, self.amount_minor, *named)

    @property
    def charge_name(self) -> books.ChargeName:
        """The charge that it is about."""
        return self.subject, self.charge_key

    def touches(self, charge: books.Charge | None) -> Touched:
        """Return the charge's accounts: here the merchant pays."""
        if charge is None or charge.customer_account_id is None or charge.merchant_account_id is None:
            return Touched()
        return Touched(frozenset({charge.merchant_account_id}), frozenset({charge.customer_account_id}))

    def facts(self, charge: books.Charge | None) -> Facts:
        """Return what its entry says of it."""
        if charge is None:
            return Facts(amount_minor=self.amount_minor, charge_key=self.charge_key)
        return Facts(charge.merchant_account_id, charge.customer_account_id, self.amount_minor, self.charge_key)

    def decide(self, page: Page, entry_id: str) -> Decision:
        """Give it back.

        Which race: two refunds of one charge, each within what was captured and together beyond it. Why this guard:
        the charge's row is the page's (locked, or written only if nobody changed it), so the second sees what the
        first gave back; behind it stands the constraint that the refunded amount is within the captured one.

        Raises:
            NoSuchCharge: There is no such charge.
            NotYours: It charged another account than one of the customer's for whom the caller acts.
            RefundExceedsCapture: Less was captured, or it was given back.
            InsufficientFunds: The merchant has less.
        """
        charge = page.charge(self.charge_name)
        if self.customer is not None and charge.customer_account_id is not None:
            page.account_of(charge.customer_account_id, self.customer)
        state = after(ChargeState(charge.state), ChargeEvent.REFUND, charge.key)
        if charge.refunded_minor + self.amount_minor > charge.captured_minor:
            left = charge.captured_minor - charge.refunded_minor
            sentence = f"{left} of the charge {charge.key} can be refunded, not {self.amount_minor}"
            raise RefundExceedsCapture(sentence, charge_key=charge.key, refundable_minor=left)
        merchant = page.account(str(charge.merchant_account_id))
        customer = page.account(str(charge.customer_account_id))
        ensure_may_pay(merchant, customer, self.amount_minor)
        transaction_id = page.move(TransactionKind.REFUND, merchant, customer, self.amount_minor)
        charge.change(state, refunded_minor=self.amount_minor)
        body = {
            "refund_id": entry_id,
            "transaction_id": transaction_id,
            "charge_key": charge.key,
            "amount_minor": self.amount_minor,
            "currency": charge.currency,
            "refunded_minor": charge.refunded_minor,
        }
        return Decision(201, body, transaction_id)
