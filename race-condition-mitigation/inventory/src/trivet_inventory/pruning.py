"""Forgetting stored bodies after their retention. Keys and rows stay: a replay is then told by the row."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from trivet_inventory.database import Database
from trivet_inventory.sql import statement
from trivet_locks import AdvisoryBusy, advisory_key, try_advisory_xact_lock

_PRUNE = statement("prune_answers")
BATCH_ROWS = 1000
_log = structlog.get_logger("trivet.pruning")


class Pruner:
    """Prunes in the background; of all replicas the one that takes the lock does the work."""

    def __init__(self, database: Database, retention: timedelta, interval_s: float) -> None:
        self._database = database
        self._retention = retention
        self._interval_s = interval_s

    async def run(self) -> None:
        """Prune for ever."""
        while True:
            try:
                pruned = await self.prune()
            except Exception as error:  # noqa: BLE001  - whatever failed, what was not pruned is pruned next time
                _log.warning("pruning failed", error=repr(error))
            else:
                if pruned:
                    _log.info("pruned", answers=pruned)
            await asyncio.sleep(self._interval_s)

    async def prune(self) -> int:
        """Delete what is too old, in short transactions, and return how many bodies that was."""
        total = 0
        while True:
            pruned = await self._batch()
            total += pruned
            if pruned < BATCH_ROWS:
                return total

    async def _batch(self) -> int:
        async with self._database.unit() as unit:
            try:
                await try_advisory_xact_lock(unit.connection, advisory_key("inventory.pruning", "answers"))
            except AdvisoryBusy:
                return 0
            tag = await unit.connection.execute(_PRUNE, self._retention, BATCH_ROWS)
            await unit.commit()
            return int(tag.split()[-1])
