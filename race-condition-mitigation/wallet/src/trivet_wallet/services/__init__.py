"""What a caller can ask the ledger for, one file an operation.

Each is a command: a frozen value that says which accounts and which charge it needs, and then decides on the page on
which they were read. Deciding is pure, so one command alone and two hundred in a batch are decided by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from trivet_chassis import InvalidRequest, KeyedRequest
from trivet_wallet.books import Account, Charge, ChargeName, Page
from trivet_wallet.errors import InsufficientFunds
from trivet_wallet.ledger.kinds import OperationKind

__all__ = ["Command", "Decision", "Facts", "Touched", "ensure_may_pay"]


@dataclass(frozen=True, slots=True)
class Touched:
    """The accounts that a command needs: those that it may take from, and those that it only adds to."""

    debited: frozenset[str] = frozenset()
    credited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a command stands in its entry for good, whatever was decided."""

    account_id: str | None = None
    counter_account_id: str | None = None
    amount_minor: int | None = None
    charge_key: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A success: its status and body, and the transaction that moved money if one did."""

    status: int
    body: Mapping[str, Any]
    transaction_id: str | None = None


class Command(Protocol):
    """One operation under its caller's key."""

    kind: ClassVar[OperationKind]

    @property
    def request(self) -> KeyedRequest:
        """Who asked for what under which key."""
        ...

    @property
    def charge_name(self) -> ChargeName | None:
        """The charge that it makes or is about."""
        ...

    @property
    def excludes_charge(self) -> bool:
        """Whether nobody may be making the charge meanwhile."""
        ...

    @property
    def finds_accounts_in_charge(self) -> bool:
        """Whether it names no account itself."""
        ...

    def touches(self, charge: Charge | None) -> Touched:
        """Return the accounts that it needs, given the charge that it is about, if that is there."""
        ...

    def facts(self, charge: Charge | None) -> Facts:
        """Return what its entry says of it."""
        ...

    def decide(self, page: Page, entry_id: str) -> Decision:
        """Do it on the page, as the entry of this id.

        Raises:
            ServiceError: It is refused. If the table of problems says that the refusal is stored, what the page has
                of it by then stays; any other is raised before the page is touched.
        """
        ...


def ensure_may_pay(payer: Account, payee: Account, amount_minor: int) -> None:
    """Return if the payer has the money and the payee takes its currency.

    Raises:
        InvalidRequest: The currencies differ.
        InsufficientFunds: It has not.
    """
    if payer.currency != payee.currency:
        raise InvalidRequest(f"{payer.id} is in {payer.currency}, {payee.id} in {payee.currency}")
    if not payer.may_spend(amount_minor):
        raise InsufficientFunds(
            f"account {payer.id} has less than {amount_minor} available",
            account_id=payer.id,
            amount_minor=amount_minor,
        )
