"""Giving a charge up by its key, whether or not it ever arrived."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import KeyedRequest
from trivet_wallet import books
from trivet_wallet.books import Page
from trivet_wallet.ids import new_uuid
from trivet_wallet.ledger.kinds import ChargeState, OperationKind
from trivet_wallet.services import Decision, Facts, Touched
from trivet_wallet.services.charge_states import ChargeEvent, after


@dataclass(frozen=True)
class Void:
    """The end of a charge that took nothing yet.

    Which race: the caller does not know whether its charge arrived, and gives it up. Why this guard: the void takes
    the charge's own lock, so no charge under that key is under way meanwhile, and leaves its row, a tombstone if there
    was none: whichever of the two commits first, the other finds it. If it is lost, a caller that was told "voided"
    is charged later.
    """

    kind: ClassVar[OperationKind] = OperationKind.VOID
    finds_accounts_in_charge: ClassVar[bool] = True
    excludes_charge: ClassVar[bool] = True

    subject: str
    key: str
    charge_key: str
    customer: str | None = None
    """Whose the charged account must be since the caller acts for them; None if the caller did not say for whom."""

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key; a customer is of the payload where one is named."""
        named = [] if self.customer is None else [{"customer": self.customer}]
        return KeyedRequest.of(self.subject, self.kind, self.key, self.charge_key, *named)

    @property
    def charge_name(self) -> books.ChargeName:
        """The charge that it is about."""
        return self.subject, self.charge_key

    def touches(self, charge: books.Charge | None) -> Touched:
        """Return the customer's account, if something is held there or it has to be somebody's."""
        if charge is None or charge.customer_account_id is None:
            return Touched()
        if charge.state != ChargeState.AUTHORISED and self.customer is None:
            return Touched()
        return Touched(credited=frozenset({charge.customer_account_id}))

    def facts(self, charge: books.Charge | None) -> Facts:
        """Return what its entry says of it."""
        if charge is None:
            return Facts(charge_key=self.charge_key)
        return Facts(charge.customer_account_id, None, charge.amount_minor, self.charge_key)

    def decide(self, page: Page, entry_id: str) -> Decision:  # noqa: ARG002  - the answer names the charge
        """Let go of what is held, or leave a tombstone.

        Raises:
            AlreadyCaptured: It took its money; nothing is changed, and the refusal says how much it was.
            NotYours: It charged another account than one of the customer's for whom the caller acts.
        """
        charge = page.charges.get(self.charge_name)
        released_minor = 0
        if charge is None:
            charge = _tombstone(self.subject, self.charge_key)
            page.charges[charge.name] = charge
        else:
            if self.customer is not None and charge.customer_account_id is not None:
                page.account_of(charge.customer_account_id, self.customer)
            taken = {"captured_minor": charge.captured_minor, "currency": charge.currency}
            state = after(ChargeState(charge.state), ChargeEvent.VOID, charge.key, **taken)
            if charge.state == ChargeState.AUTHORISED:
                released_minor = charge.amount_minor or 0
                page.account(str(charge.customer_account_id)).hold(-released_minor)
            if charge.state != state:
                charge.change(state)
        body = {"charge_key": charge.key, "state": str(charge.state), "released_minor": released_minor}
        return Decision(200, body)


def _tombstone(subject: str, key: str) -> books.Charge:
    return books.Charge(
        id=new_uuid(),
        subject=subject,
        key=key,
        customer_account_id=None,
        merchant_account_id=None,
        amount_minor=None,
        currency=None,
        state=ChargeState.VOIDED,
        is_new=True,
    )
