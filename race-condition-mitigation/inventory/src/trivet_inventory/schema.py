"""Whether a database is the one that a strategy wants, asked of every new connection."""

from __future__ import annotations

import asyncpg

from trivet_chassis import WrongDatabase
from trivet_inventory.database import Verify
from trivet_inventory.strategies import Strategy

CONSTRAINT = "items_stock_not_negative"
_LOOK = f"""SELECT to_regclass('items') IS NOT NULL AS migrated,
    EXISTS (SELECT FROM pg_constraint WHERE conname = '{CONSTRAINT}' AND conrelid = to_regclass('items')) AS constrained
"""  # noqa: S608  - the constant of this module


def verify_for(strategy: Strategy) -> Verify:
    """Return the check that a connection's database is right for a strategy.

    It looks at the constraint itself, not at a note of what was migrated, because the constraint is what the
    strategy relies on: a guarded strategy never runs without its last line of defence, and ``naive``, which is there
    to be seen overselling, is not silently saved by one.
    """

    async def verify(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        row = await connection.fetchrow(_LOOK)
        assert row is not None  # noqa: S101  - a SELECT without FROM has a row
        if not row["migrated"]:
            raise WrongDatabase("the database has no tables yet: run trivet-inventory migrate")
        if row["constrained"] is not strategy.constrained:
            has, wants = ("has", "without") if row["constrained"] else ("lacks", "with")
            raise WrongDatabase(
                f"the database {has} the constraint {CONSTRAINT} and strategy {strategy.name} wants one {wants} it: "
                f"give each a database of its own, migrated under TRIVET_INVENTORY_STRATEGY={strategy.name}"
            )
        await strategy.verify(connection)

    return verify
