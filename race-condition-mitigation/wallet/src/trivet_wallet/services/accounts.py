"""Opening accounts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trivet_chassis import AlreadyExists, KeyedRequest
from trivet_wallet.books import Charge, ChargeName, NewAccount, Page
from trivet_wallet.ledger.kinds import AccountKind, OperationKind, external_id
from trivet_wallet.services import Decision, Facts, Touched


@dataclass(frozen=True)
class OpenAccount:
    """An empty account.

    ``hot`` is whether credits are appended to it without its row; without a word a merchant's is, since many pay one.
    """

    kind: ClassVar[OperationKind] = OperationKind.OPEN
    charge_name: ClassVar[ChargeName | None] = None
    finds_accounts_in_charge: ClassVar[bool] = False
    excludes_charge: ClassVar[bool] = False

    subject: str
    key: str | None
    account_id: str
    owner: str
    account_kind: AccountKind
    currency: str
    hot: bool | None = None
    is_named: bool = True
    """Whether the caller named it; an id that was made up for him is no part of what he asked for."""

    @cached_property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key."""
        named = self.account_id if self.is_named else None
        return KeyedRequest.of(self.subject, self.kind, self.key, named, self.owner, self.account_kind, self.currency)

    def touches(self, charge: Charge | None) -> Touched:  # noqa: ARG002  - no charge is about it
        """Return the account, which is not to be there."""
        return Touched(credited=frozenset({self.account_id}))

    def facts(self, charge: Charge | None) -> Facts:  # noqa: ARG002  - the same
        """Return what its entry says of it."""
        return Facts(account_id=self.account_id)

    def decide(self, page: Page, entry_id: str) -> Decision:  # noqa: ARG002  - the answer is the account
        """Open it.

        Raises:
            AlreadyExists: There is an account of this id.
        """
        if page.has_account(self.account_id):
            raise AlreadyExists(f"there is an account {self.account_id} already", account_id=self.account_id)
        hot = self.account_kind == AccountKind.MERCHANT if self.hot is None else self.hot
        page.open(
            NewAccount(self.account_id, self.owner, self.account_kind, self.currency, hot, external_id(self.currency))
        )
        body = {
            "id": self.account_id,
            "owner": self.owner,
            "kind": self.account_kind,
            "currency": self.currency,
            "balance_minor": 0,
            "held_minor": 0,
            "available_minor": 0,
        }
        return Decision(201, body)
