"""``select_for_update``: who is to change a row locks it before reading it."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import ClassVar

import msgspec

from trivet_wallet import books, queries
from trivet_wallet.books import ChargeName
from trivet_wallet.session import Reply, Session
from trivet_wallet.sql import statement
from trivet_wallet.strategies import rows_of

_ADD = statement("add_to_accounts")
_CHANGE = statement("change_charges")


@functools.cache
def _accounts() -> str:
    return queries.compiled(queries.changing_accounts().select_for_update(of=("self",), no_key=True))


@functools.cache
def _charges() -> str:
    return queries.compiled(queries.charges_by_key().select_for_update(of=("self",), no_key=True))


class SelectForUpdate:
    """Locks rows in the order of their ids, reads them, and adds to them.

    Which race: two transactions read one balance, each finds enough, and both spend it (a lost update, which READ
    COMMITTED permits between a read and a write). Why this guard: the lock is taken by the read itself, so the second
    waits there and then reads what the first has left. One order for everybody keeps two of them from waiting for each
    other; ``NO KEY`` lets those go on who only refer to an account, as every posting's foreign key does; ``OF`` names
    the one table. If the lock is lost, the version that both would give their postings is one, and the second is
    refused by the unique constraint; unless one of them was a hold, which posts nothing: that the audit alone tells.
    """

    name: ClassVar[str] = "select_for_update"
    lab_only: ClassVar[bool] = False
    guarded: ClassVar[bool] = True

    def read_charges(self, session: Session, names: Collection[ChargeName]) -> Reply:
        """Lock and read charges."""
        return session.say(_charges(), queries.charges_named(names))

    def read_accounts(self, session: Session, debited: Collection[str], credited: Collection[str]) -> Reply:
        """Lock and read accounts."""
        return session.say(_accounts(), [list(debited), list(credited)])

    def mark(self, session: Session) -> None:
        """The rows are locked: nobody comes in between."""

    def undo(self, session: Session) -> bool:  # noqa: ARG002  - the strategies' interface
        """Nothing was marked."""
        return False

    def write_charges(self, session: Session, charges: Sequence[books.Charge]) -> Reply:
        """Write charges that are locked."""
        return session.say(_CHANGE, {"changes": msgspec.json.encode(charges).decode()})

    def write_accounts(self, session: Session, accounts: Sequence[books.Account]) -> Reply:
        """Add to accounts that are locked."""
        return session.say(_ADD, {"changes": msgspec.json.encode(rows_of(accounts)).decode()})
