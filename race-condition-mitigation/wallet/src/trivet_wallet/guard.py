"""Whether a database is the one that a strategy wants, asked of every new connection."""

from __future__ import annotations

from typing import Any

import psycopg

from trivet_chassis import WrongDatabase
from trivet_wallet.ledger.kinds import GUARDS
from trivet_wallet.sql import statement
from trivet_wallet.strategies import Strategy

_LOOK = statement("look_for_guards")


def verify(connection: psycopg.Connection[Any], strategy: type[Strategy] | Strategy) -> None:
    """Return if a connection's database is right for a strategy.

    It looks at the guards themselves, not at a note of what was migrated, because the guards are what the strategy
    relies on: a guarded strategy never runs without its last line of defence, and ``naive``, which is there to be seen
    losing money, is not silently saved by one.

    Raises:
        WrongDatabase: It is not.
    """
    row = connection.execute(_LOOK, {"guards": list(GUARDS)}).fetchone()
    assert row is not None  # noqa: S101  - a SELECT without FROM has a row
    is_migrated, guards = row
    if not is_migrated:
        raise WrongDatabase("the database has no books yet: run trivet-wallet migrate")
    wanted = len(GUARDS) if strategy.guarded else 0
    if guards != wanted:
        raise WrongDatabase(
            f"the database has {guards} of the guards {', '.join(GUARDS)} and strategy {strategy.name} wants {wanted}: "
            f"give each a database of its own, migrated under TRIVET_WALLET_STRATEGY={strategy.name}"
        )
