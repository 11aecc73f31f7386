"""The page that one transaction writes: accounts and charges as they were read, and what is to become of them.

Everything here is pure: a page is filled from the database, operations decide on it in order of arrival, each seeing
what those before it did, and then it is written at once.
"""

from __future__ import annotations

import copy
import dataclasses
import uuid
from collections.abc import Iterable

from trivet_wallet.errors import NoSuchAccount, NoSuchCharge, NotYours
from trivet_wallet.ids import new_id
from trivet_wallet.ledger.kinds import AccountKind, ChargeState, OperationKind, TransactionKind, external_id


@dataclasses.dataclass(slots=True)
class Account:
    """An account as it was read, and as the page leaves it. Amounts are minor units.

    ``row_minor`` is what its row holds; of a hot account that is not its balance, and nothing may be decided by it
    unless its pending entries were ``folded`` in this transaction, which holds its row since.
    """

    id: str
    kind: str
    currency: str
    hot: bool
    row_minor: int
    held_minor: int
    version: int
    owner: str = ""
    folded: bool = False
    read: tuple[int, int, int] = dataclasses.field(init=False)
    """``row_minor``, ``held_minor`` and ``version`` before the page."""

    def __post_init__(self) -> None:
        self.read = (self.row_minor, self.held_minor, self.version)

    @property
    def available_minor(self) -> int:
        """What may be spent."""
        return self.row_minor - self.held_minor

    def may_spend(self, amount_minor: int) -> bool:
        """Whether an amount may leave; the world outside has no bottom."""
        return self.kind == AccountKind.EXTERNAL or self.available_minor >= amount_minor

    def hold(self, amount_minor: int) -> None:
        """Hold an amount, or let it go if it is negative."""
        self.held_minor += amount_minor
        self.version += 1

    @property
    def is_changed(self) -> bool:
        """Whether the page changes its row."""
        return self.version != self.read[2]


ChargeName = tuple[str, str]
"""A charge's subject and key, which are unique together."""


@dataclasses.dataclass(slots=True)
class Charge:
    """A charge as it was read or made, and as the page leaves it; a tombstone has no accounts and no amount."""

    id: uuid.UUID
    subject: str
    key: str
    customer_account_id: str | None
    merchant_account_id: str | None
    amount_minor: int | None
    currency: str | None
    state: str
    captured_minor: int = 0
    refunded_minor: int = 0
    version: int = 0
    is_new: bool = False
    read_version: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.read_version = self.version

    @property
    def name(self) -> ChargeName:
        """Its subject and key."""
        return self.subject, self.key

    def change(self, state: ChargeState, *, captured_minor: int | None = None, refunded_minor: int = 0) -> None:
        """Move it on; ``refunded_minor`` is added."""
        self.state = state
        self.captured_minor = self.captured_minor if captured_minor is None else captured_minor
        self.refunded_minor += refunded_minor
        self.version += 1


@dataclasses.dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that is to be opened, empty."""

    id: str
    owner: str
    kind: AccountKind
    currency: str
    hot: bool
    external_id: str
    """The world outside in its currency, opened with the first account that needs it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Posting:
    """What a transaction does to an account; without a version it goes to the account's pending entries."""

    transaction_id: str
    account_id: str
    amount_minor: int
    currency: str
    account_version: int | None
    balance_minor: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Movement:
    """A transaction of the ledger."""

    id: str
    kind: TransactionKind


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What an operation leaves for good: who asked for what, and how it was decided."""

    id: str
    kind: OperationKind
    subject: str
    key: str | None
    payload: str
    status: int
    code: str | None
    body: str
    account_id: str | None
    counter_account_id: str | None
    amount_minor: int | None
    charge_key: str | None
    transaction_id: str | None
    reason: str | None


class Page:
    """What one transaction read and will write."""

    def __init__(self, accounts: Iterable[Account], charges: Iterable[Charge]) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.charges = {charge.name: charge for charge in charges}
        self.new_accounts: list[NewAccount] = []
        self.movements: list[Movement] = []
        self.postings: list[Posting] = []
        self.entries: list[Entry] = []

    def copy(self) -> Page:
        """Return another page on which the same was read, to be decided on apart from this one."""
        return Page(map(copy.copy, self.accounts.values()), map(copy.copy, self.charges.values()))

    def account(self, account_id: str) -> Account:
        """Return an account.

        Raises:
            NoSuchAccount: There is none of this id.
        """
        try:
            return self.accounts[account_id]
        except KeyError:
            raise NoSuchAccount(account_id) from None

    def account_of(self, account_id: str, *owners: str | None) -> Account:
        """Return an account that is each of these people's; None is anybody, and only of anybodies it is anybody's.

        Raises:
            NotYours: It is another's, or is not there: who may not see it is not told which.
            NoSuchAccount: There is none of this id, and whoever asks may know.
        """
        named = {owner for owner in owners if owner is not None}
        if not named:
            return self.account(account_id)
        account = self.accounts.get(account_id)
        if account is None or named != {account.owner}:
            raise NotYours(account_id)
        return account

    def has_account(self, account_id: str) -> bool:
        """Whether there is an account of this id, or will be one by this page."""
        return account_id in self.accounts or any(account_id == new.id for new in self.new_accounts)

    def open(self, account: NewAccount) -> None:
        """Open an account that is not there."""
        self.new_accounts.append(account)

    def external(self, currency: str) -> Account:
        """Return the world outside in one currency. Nothing is decided by it, so it need not be read."""
        account_id = external_id(currency)
        made = Account(account_id, AccountKind.EXTERNAL, currency, hot=True, row_minor=0, held_minor=0, version=0)
        return self.accounts.setdefault(account_id, made)

    def charge(self, name: ChargeName) -> Charge:
        """Return a charge.

        Raises:
            NoSuchCharge: Its subject has none under its key.
        """
        try:
            return self.charges[name]
        except KeyError:
            raise NoSuchCharge(name[1]) from None

    def move(self, kind: TransactionKind, debit: Account, credit: Account, amount_minor: int) -> str:
        """Move money from one account to another and return the transaction's id; both have one currency."""
        movement = Movement(new_id(), kind)
        self.movements.append(movement)
        self._post(movement, debit, -amount_minor)
        self._post(movement, credit, amount_minor)
        return movement.id

    def _post(self, movement: Movement, account: Account, amount_minor: int) -> None:
        """Change an account's row, or append to a hot account without looking at it.

        Which race: everybody who pays one merchant wants that merchant's row, and would queue for it until the COMMIT
        before. Why appending is enough: a credit needs to know nothing of the balance that it adds to, so two of them
        have nothing to decide between them. A debit does, and takes the row: only the world outside has no balance to
        look at. Where the page holds the row anyway, because something on it is a debit, a credit goes there too: a
        debit further down the page finds it.
        """
        appended = account.hot and not account.folded and (amount_minor > 0 or account.kind == AccountKind.EXTERNAL)
        if not appended:
            account.row_minor += amount_minor
            account.version += 1
        after = (None, None) if appended else (account.version, account.row_minor)
        self.postings.append(Posting(movement.id, account.id, amount_minor, account.currency, *after))

    @property
    def changed_accounts(self) -> list[Account]:
        """The accounts whose rows change, in the order of their ids."""
        return sorted((account for account in self.accounts.values() if account.is_changed), key=lambda each: each.id)

    @property
    def new_charges(self) -> list[Charge]:
        """The charges that are to be inserted."""
        return [charge for charge in self.charges.values() if charge.is_new]

    @property
    def changed_charges(self) -> list[Charge]:
        """The charges that were there and change, in the order of their names."""
        changed = (each for each in self.charges.values() if not each.is_new and each.version != each.read_version)
        return sorted(changed, key=lambda each: each.name)
