"""Taking the money that a charge holds, or a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import InvalidRequest, KeyedRequest
from trivet_wallet import books
from trivet_wallet.books import Page
from trivet_wallet.ledger.kinds import ChargeState, OperationKind, TransactionKind
from trivet_wallet.services import Decision, Facts, Touched
from trivet_wallet.services.charge_states import ChargeEvent, after
from trivet_wallet.services.charges import charge_body


@dataclass(frozen=True)
class Capture:
    """All that a charge holds, or ``amount_minor`` of it: what is left is let go."""

    kind: ClassVar[OperationKind] = OperationKind.CAPTURE
    finds_accounts_in_charge: ClassVar[bool] = True
    excludes_charge: ClassVar[bool] = False

    subject: str
    key: str
    charge_key: str
    amount_minor: int | None = None

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key."""
        return KeyedRequest.of(self.subject, self.kind, self.key, self.charge_key, self.amount_minor)

    @property
    def charge_name(self) -> books.ChargeName:
        """The charge that it is about."""
        return self.subject, self.charge_key

    def touches(self, charge: books.Charge | None) -> Touched:
        """Return the charge's accounts."""
        if charge is None or charge.customer_account_id is None or charge.merchant_account_id is None:
            return Touched()
        return Touched(frozenset({charge.customer_account_id}), frozenset({charge.merchant_account_id}))

    def facts(self, charge: books.Charge | None) -> Facts:
        """Return what its entry says of it."""
        if charge is None:
            return Facts(amount_minor=self.amount_minor, charge_key=self.charge_key)
        amount_minor = charge.amount_minor if self.amount_minor is None else self.amount_minor
        return Facts(charge.customer_account_id, charge.merchant_account_id, amount_minor, self.charge_key)

    def decide(self, page: Page, entry_id: str) -> Decision:  # noqa: ARG002  - the answer is the charge
        """Take the money and end the hold.

        Raises:
            NoSuchCharge: There is no such charge.
            AlreadyCaptured, ChargeVoided: It holds nothing.
            InvalidRequest: It holds less.
        """
        charge = page.charge(self.charge_name)
        state = after(ChargeState(charge.state), ChargeEvent.CAPTURE, charge.key)
        held_minor = charge.amount_minor or 0
        amount_minor = held_minor if self.amount_minor is None else self.amount_minor
        if amount_minor > held_minor:
            raise InvalidRequest(f"the charge {charge.key} holds {held_minor}, not {amount_minor}")
        customer = page.account(str(charge.customer_account_id))
        merchant = page.account(str(charge.merchant_account_id))
        customer.hold(-held_minor)
        transaction_id = page.move(TransactionKind.CAPTURE, customer, merchant, amount_minor)
        charge.change(state, captured_minor=amount_minor)
        return Decision(200, charge_body(charge), transaction_id)
