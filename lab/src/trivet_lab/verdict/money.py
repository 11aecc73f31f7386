"""Counts what was spent from the ledgers alone: the figures of the table, independent of any checker."""

from __future__ import annotations

from collections import Counter

import msgspec

from trivet_lab.evidence import VariantDirectory

SPENDING = frozenset({"transfer", "capture"})


class _Account(msgspec.Struct):
    account_id: str
    balance_minor: int


class _Transaction(msgspec.Struct):
    transaction_id: str | int
    kind: str


class _Posting(msgspec.Struct):
    transaction_id: str | int
    account_id: str
    amount_minor: int


def count_money(directory: VariantDirectory) -> dict[str, int]:
    """Return ``spent`` and ``lost``, minor units: what was paid, and by how much balances differ from their postings.

    Money that was spent twice is lost to somebody: the balance that it came from was counted down once. Nothing if a
    ledger is missing or damaged: a figure of half a ledger would be a wrong one, and what became of the evidence is for
    the checkers to say.
    """
    try:
        return _count(directory)
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _count(directory: VariantDirectory) -> dict[str, int]:
    account, transaction = msgspec.json.Decoder(_Account), msgspec.json.Decoder(_Transaction)
    posting = msgspec.json.Decoder(_Posting)
    with directory.ledger("wallet.transactions").open("rb") as lines:
        paying = {row.transaction_id for row in map(transaction.decode, lines) if row.kind in SPENDING}
    spent = 0
    sums: Counter[str] = Counter()
    with directory.ledger("wallet.postings").open("rb") as lines:
        for moved in map(posting.decode, lines):
            sums[moved.account_id] += moved.amount_minor
            if moved.amount_minor > 0 and moved.transaction_id in paying:
                spent += moved.amount_minor
    with directory.ledger("wallet.accounts").open("rb") as lines:
        lost = sum(abs(row.balance_minor - sums[row.account_id]) for row in map(account.decode, lines))
    return {"spent": spent, "lost": lost}
