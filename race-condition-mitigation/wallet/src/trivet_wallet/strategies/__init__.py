"""How those who move one account's money exclude each other: one interface, one file a strategy.

A strategy reads the rows that a page may change and writes those that it did change, in the page's transaction. What
lies between, deciding, is the same for all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar, Protocol

from trivet_wallet import books
from trivet_wallet.books import ChargeName
from trivet_wallet.session import Reply, Session

__all__ = ["Strategy", "rows_of"]


class Strategy(Protocol):
    """Chosen once, in ``bootstrap.py``."""

    name: ClassVar[str]
    lab_only: ClassVar[bool]
    """Only a lab may start it."""
    guarded: ClassVar[bool]
    """Wants a database with the guards of ``ledger/guards.py``; a strategy without wants one without."""

    def read_charges(self, session: Session, names: Collection[ChargeName]) -> Reply:
        """Ask for the charges of these names that are there, as ``queries.charges`` reads them."""
        ...

    def read_accounts(self, session: Session, debited: Collection[str], credited: Collection[str]) -> Reply:
        """Ask for the accounts whose rows may change: all that are debited, and of those credited the ones not hot."""
        ...

    def mark(self, session: Session) -> None:
        """Remember the place before a write of many commands, if that may meet somebody."""
        ...

    def undo(self, session: Session) -> bool:
        """Go back to the mark, so that those commands which met nobody can be written; False if there is none."""
        ...

    def write_charges(self, session: Session, charges: Sequence[books.Charge]) -> Reply:
        """Write charges that the page changed, and answer with the names of those written: the others met somebody."""
        ...

    def write_accounts(self, session: Session, accounts: Sequence[books.Account]) -> Reply:
        """Write accounts that the page changed, and answer with the ids of those written: the others met somebody."""
        ...


def rows_of(accounts: Iterable[books.Account]) -> list[dict[str, Any]]:
    """Return what a page changes of its accounts' rows: as differences, and as what is then there."""
    return [
        {
            "id": account.id,
            "row_delta": account.row_minor - account.read[0],
            "held_delta": account.held_minor - account.read[1],
            "steps": account.version - account.read[2],
            "read_version": account.read[2],
            "row_minor": account.row_minor,
            "held_minor": account.held_minor,
            "version": account.version,
        }
        for account in accounts
    ]
