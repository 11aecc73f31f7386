"""What may be read of the books: each selector is one statement, and so one moment.

The balance of an account is its row and its pending entries together. They are read in one statement, whose snapshot
has every entry in exactly one of the two, whatever is being folded meanwhile: a sum over all accounts is exact at the
moment at which it was read, while money moves.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from trivet_chassis import InvalidRequest
from trivet_wallet import books
from trivet_wallet.errors import NoSuchAccount, NoSuchCharge, NotYours
from trivet_wallet.ledger.kinds import AccountKind
from trivet_wallet.services.charges import charge_body
from trivet_wallet.sql import statement
from trivet_wallet.transactions import Transactions

_ACCOUNT, _ACCOUNTS = statement("read_account"), statement("read_accounts")
_CHARGE = statement("read_charge")
_VERSIONED, _APPENDED = statement("read_statement"), statement("read_appended_statement")
_CURSOR = struct.Struct(">QQ")


class Selectors:
    """Reads of the books, each of one moment."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def ping(self) -> None:
        """Ask the database anything.

        Raises:
            Unavailable: It does not answer.
        """
        self._transactions.read(lambda session: session.say("SELECT 1").rows())

    def account(self, account_id: str, owner: str | None = None) -> Mapping[str, Any]:
        """Return an account of somebody's; anybody's if ``owner`` is None.

        Raises:
            NotYours: It is another's, or is not there.
            NoSuchAccount: There is none of this id.
        """
        rows = self._transactions.read(lambda session: session.say(_ACCOUNT, [account_id]).rows())
        account = _account(rows[0]) if rows else None
        if owner is not None and (account is None or account["owner"] != owner):
            raise NotYours(account_id)
        if account is None:
            raise NoSuchAccount(account_id)
        return account

    def accounts(self, after: str | None, limit: int, owner: str | None = None) -> Mapping[str, Any]:
        """Return a page of accounts in the order of their ids, all as they are at one moment."""
        asked = {"after": after or "", "owner": owner, "limit": limit + 1}
        rows = self._transactions.read(lambda session: session.say(_ACCOUNTS, asked).rows())
        found = [_account(row) for row in rows]
        following = found[limit - 1]["id"] if len(found) > limit else None
        return {"accounts": found[:limit], "next": following}

    def charge(self, subject: str, key: str) -> Mapping[str, Any]:
        """Return a subject's charge by its key; a tombstone is a voided one without accounts.

        Raises:
            NoSuchCharge: There is none.
        """
        rows = self._transactions.read(lambda session: session.say(_CHARGE, [subject, key]).rows())
        if not rows:
            raise NoSuchCharge(key)
        return charge_body(books.Charge(*rows[0]))

    def statement(self, account_id: str, after: str | None, limit: int, owner: str | None = None) -> Mapping[str, Any]:
        """Return a page of what was posted to an account of somebody's, oldest first; anybody's if ``owner`` is None.

        Which race: entries are appended to a hot account by transactions that commit in another order than that of
        their numbers, so a reader who continues after the greatest number he has seen misses those that come late. Why
        this guard: entries are ordered by the transaction that wrote them, and none is shown that a transaction which
        is still under way might come before. If it were lost, a page would skip an entry for good. An account that is
        not hot needs none of it: its entries have the versions of its row.

        Raises:
            NotYours: It is another's, or is not there.
            NoSuchAccount: There is none of this id.
            InvalidRequest: ``after`` is no cursor of a statement.
        """
        first, second = _unsealed(after)
        account = self.account(account_id, owner)
        appended = account["kind"] != AccountKind.CUSTOMER
        asked = {"account": account_id, "first": str(first), "second": second, "limit": limit + 1}
        rows = self._transactions.read(lambda session: session.say(_APPENDED if appended else _VERSIONED, asked).rows())
        lines = [_line(row) for row in rows[:limit]]
        following = _sealed(rows[limit - 1][-2], rows[limit - 1][-1]) if len(rows) > limit else None
        return {"account_id": account_id, "lines": lines, "next": following}


def _account(row: Sequence[Any]) -> Mapping[str, Any]:
    account_id, owner, kind, currency, balance_minor, held_minor = row
    return {
        "id": account_id,
        "owner": owner,
        "kind": kind,
        "currency": currency,
        "balance_minor": balance_minor,
        "held_minor": held_minor,
        "available_minor": balance_minor - held_minor,
    }


def _line(row: Sequence[Any]) -> Mapping[str, Any]:
    transaction_id, kind, at, amount_minor, balance_minor, *_ = row
    line = {"transaction_id": str(transaction_id), "kind": kind, "at": at.isoformat(), "amount_minor": amount_minor}
    return line | {"balance_minor": balance_minor}


def _sealed(first: int, second: int) -> str:
    return base64.urlsafe_b64encode(_CURSOR.pack(first, second)).decode().rstrip("=")


def _unsealed(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 0, 0
    try:
        first, second = _CURSOR.unpack(base64.urlsafe_b64decode(cursor + "=="))
    except (binascii.Error, struct.error, ValueError) as error:
        raise InvalidRequest("after is no `next` of a statement") from error
    if max(first, second) >= 2**63:
        raise InvalidRequest("after is no `next` of a statement")
    return first, second
