"""Forgetting what was published long ago and has arrived."""

from __future__ import annotations

from datetime import timedelta

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.statements import fetch

WINDOW_ROWS = 2_000
TIMELINE = "order-timeline"
"""Whose inbox must know a message before the outbox forgets it."""

_PRUNE = statement("prune_published")


class OutboxPruner:
    """Deletes in windows, from the oldest on, and stops where messages are young.

    Which race: two prune at the same time, or one prunes while publishing moves to another cluster. Why no guard: a row
    is deleted once whoever deletes it, and what is deleted is older than what a move promises to publish again.
    """

    def __init__(self, database: Database, retention: timedelta) -> None:
        self._database = database
        self._retention = retention

    async def prune(self) -> int:
        """Delete what may be, and return how many rows that were.

        Raises:
            StoreUnavailable: the database does not answer; the rest is pruned next time.
        """
        pruned, after = 0, 0
        while True:
            (row,) = await fetch(self._database, _PRUNE, after, WINDOW_ROWS, self._retention, TIMELINE)
            pruned += int(row["pruned"])
            if row["is_young"] or row["looked"] < WINDOW_ROWS:
                return pruned
            after = row["last"]
