"""Writes what a page adds to the books."""

from __future__ import annotations

import msgspec

from trivet_wallet.books import Page
from trivet_wallet.session import Session
from trivet_wallet.sql import statement

_RECORD = statement("record_page")
_encode = msgspec.json.encode


def record(session: Session, page: Page) -> None:
    """Insert all that the page adds, in one statement; what it changes is the strategy's to write."""
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
