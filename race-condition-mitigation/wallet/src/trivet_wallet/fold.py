"""Adding pending entries to the rows of their accounts, when somebody needs the row and in the background.

Which race: a fold and a credit, a fold and another fold, a fold and a reader. Why this guard: an entry leaves
``pending`` in the same statement in which its amount enters the row, under the row's lock, so every snapshot has it in
exactly one of the two; what is appended meanwhile is simply not part of this fold. If the lock were lost, two folds
could still not both delete one entry.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from trivet_wallet.session import Reply, Session
from trivet_wallet.sql import statement
from trivet_wallet.transactions import Transactions

_FOLD = statement("fold_accounts")
ACCOUNTS_AT_ONCE = 100


def fold(session: Session, ids: Sequence[str]) -> Reply:
    """Fold these accounts, in the caller's transaction; the answer counts the rows that changed."""
    return session.say(_FOLD, {"ids": list(ids)})


class Folder:
    """Folds in the background, so that a balance is read from few rows. Several replicas may at once."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def fold_all(self) -> int:
        """Fold every account that has pending entries, a transaction each, and return how many did."""
        ids = self._transactions.read(_waiting)
        return sum(self._transactions.run(functools.partial(_fold_one, account_id)) for account_id in ids)


def _fold_one(account_id: str, session: Session) -> int:
    return fold(session, [account_id]).count


def _waiting(session: Session) -> list[str]:
    reply = session.say("SELECT DISTINCT account_id FROM pending ORDER BY account_id LIMIT %s", [ACCOUNTS_AT_ONCE])
    return [account_id for (account_id,) in reply.rows()]
