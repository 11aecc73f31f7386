"""``optimistic``: nobody locks what he reads; who writes first wins, and the others begin again."""

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

_ADD = statement("add_to_unchanged_accounts")
_CHANGE = statement("change_unchanged_charges")


@functools.cache
def _accounts() -> str:
    return queries.compiled(queries.changing_accounts())


@functools.cache
def _charges() -> str:
    return queries.compiled(queries.charges_by_key())


class Optimistic:
    """Reads rows with their versions, and writes only those whose version is still the one that was read.

    Which race: as with locks, two transactions read one balance and both spend it. Why this guard: a row's version
    grows with every change, and the write names the version that the decision was made on (compare-and-set); READ
    COMMITTED looks at that condition again on the row as it is once a writer before has ended. Who finds another
    version has decided on what is no longer so, undoes it and begins anew. If the comparison is lost, the version that
    both would give their postings is one, and the second is refused by the unique constraint; unless one of them was a
    hold, which posts nothing: that the audit alone tells.
    """

    name: ClassVar[str] = "optimistic"
    lab_only: ClassVar[bool] = False
    guarded: ClassVar[bool] = True

    def read_charges(self, session: Session, names: Collection[ChargeName]) -> Reply:
        """Read charges, with their versions."""
        return session.say(_charges(), queries.charges_named(names))

    def read_accounts(self, session: Session, debited: Collection[str], credited: Collection[str]) -> Reply:
        """Read accounts, with their versions."""
        return session.say(_accounts(), [list(debited), list(credited)])

    def mark(self, session: Session) -> None:
        """Set a savepoint."""
        session.mark()

    def undo(self, session: Session) -> bool:
        """Go back to it."""
        session.undo()
        return True

    def write_charges(self, session: Session, charges: Sequence[books.Charge]) -> Reply:
        """Write those charges that are as they were read."""
        return session.say(_CHANGE, {"changes": msgspec.json.encode(charges).decode()})

    def write_accounts(self, session: Session, accounts: Sequence[books.Account]) -> Reply:
        """Add to those accounts that are as they were read."""
        return session.say(_ADD, {"changes": msgspec.json.encode(rows_of(accounts)).decode()})
