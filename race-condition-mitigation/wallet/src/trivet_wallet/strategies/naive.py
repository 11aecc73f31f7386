"""``naive``: reads, computes, writes back. It spends money twice, which is what the lab starts it for."""

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

_OVERWRITE = statement("overwrite_accounts")
_CHANGE = statement("change_charges")


@functools.cache
def _accounts() -> str:
    return queries.compiled(queries.changing_accounts())


@functools.cache
def _charges() -> str:
    return queries.compiled(queries.charges_by_key())


class Naive:
    """Writes the balance that it computed from the one it read.

    Which race: between the read and the write another transaction does the same; both find the money, and of their two
    balances the later one stays. No guard stands against it.
    """

    name: ClassVar[str] = "naive"
    lab_only: ClassVar[bool] = True
    guarded: ClassVar[bool] = False

    def read_charges(self, session: Session, names: Collection[ChargeName]) -> Reply:
        """Read charges."""
        return session.say(_charges(), queries.charges_named(names))

    def read_accounts(self, session: Session, debited: Collection[str], credited: Collection[str]) -> Reply:
        """Read accounts."""
        return session.say(_accounts(), [list(debited), list(credited)])

    def mark(self, session: Session) -> None:
        """Nothing is in anybody's way."""

    def undo(self, session: Session) -> bool:  # noqa: ARG002  - the strategies' interface
        """Nothing was marked."""
        return False

    def write_charges(self, session: Session, charges: Sequence[books.Charge]) -> Reply:
        """Write charges over whatever is there."""
        return session.say(_CHANGE, {"changes": msgspec.json.encode(charges).decode()})

    def write_accounts(self, session: Session, accounts: Sequence[books.Account]) -> Reply:
        """Write accounts over whatever is there."""
        return session.say(_OVERWRITE, {"changes": msgspec.json.encode(rows_of(accounts)).decode()})
