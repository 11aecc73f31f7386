"""Writes a page into the books."""

from __future__ import annotations

import msgspec

from trivet_wallet.books import Page
from trivet_wallet.errors import Met
from trivet_wallet.session import Reply, Session
from trivet_wallet.sql import statement
from trivet_wallet.strategies import Strategy
from trivet_wallet.transactions import DRIVER_ERRORS, sqlstate

_RECORD = statement("record_page")
_REFUSED = ("22", "23")  # data that does not fit, and constraints: what is decided on rows of two moments runs into
_encode = msgspec.json.encode
_Names = frozenset[tuple[str, ...]]


def record(session: Session, strategy: Strategy, page: Page) -> None:
    """Write a page in one round trip: first what it changes, in the order in which everybody waits for rows.

    Which race: of two optimists who move money both ways between two accounts, each adds its first posting and then
    waits for the other's, whose version its second one has. Why this order: who changes the rows first, charges before
    accounts and accounts by id, waits there, and adds nothing before it was let through. If it is lost, the two are a
    deadlock that the server ends after a second.

    Raises:
        Met: Somebody changed what was read. That goes before whatever constraint the rest then ran into, since it was
            decided on rows of two moments.
    """
    written: list[tuple[Reply, _Names]] = []
    try:
        with session.together():
            if charges := page.changed_charges:
                reply = strategy.write_charges(session, charges)
                written.append((reply, frozenset(charge.name for charge in charges)))
            if accounts := page.changed_accounts:
                reply = strategy.write_accounts(session, accounts)
                written.append((reply, frozenset((account.id,) for account in accounts)))
            _add(session, page)
    except DRIVER_ERRORS as error:
        if sqlstate(error).startswith(_REFUSED) and (missed := _missed(written)):
            raise Met("version", missed) from None  # the constraint's word would pass for the reason
        raise
    if missed := _missed(written):
        raise Met("version", missed)


def _missed(written: list[tuple[Reply, _Names]]) -> _Names:
    """Return the rows that statements which were run should have changed, and did not."""
    run = [(reply, names) for reply, names in written if reply.count >= 0]
    return frozenset().union(*(names.difference(reply.rows()) for reply, names in run))


def _add(session: Session, page: Page) -> None:
    """Insert all that the page adds, in one statement."""
    session.say(
        _RECORD,
        {
            "accounts": _encode(page.new_accounts).decode(),
            "movements": _encode(page.movements).decode(),
            "postings": _encode(page.postings).decode(),
            "charges": _encode(page.new_charges).decode(),
            "entries": _encode(page.entries).decode(),
        },
    )
