"""Returning to the stock what expired, in the background of every replica."""

from __future__ import annotations

import asyncio

import structlog

from trivet_chassis import failpoint
from trivet_inventory.database import Database
from trivet_inventory.holds import rows
from trivet_inventory.holds.holding import Terms
from trivet_inventory.holds.working import Working
from trivet_inventory.metrics import HoldMetrics

BATCH_HOLDS = 200
_NO_TERMS = Terms(0, 0)
_log = structlog.get_logger("trivet.sweeping")


class Sweeper:
    """Looks for holds whose time is over; replicas share the work and none waits for another.

    Which race: two replicas, or a replica and an order's pin, are at one hold. Why this guard: ``FOR UPDATE SKIP
    LOCKED`` gives a row to one of them, which compares state and time on the row as it was last committed; who has it
    already decides alone. If it were lost, units would come back twice, or from under an order; then the key of
    ``stock_moves`` refuses the second return of one hold. A sweeper that dies leaves the hold to the next one.
    """

    def __init__(self, database: Database, metrics: HoldMetrics, interval_ms: int) -> None:
        self._database = database
        self._metrics = metrics
        self._interval_s = interval_ms / 1000

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            try:
                expired = await self.sweep()
            except Exception as error:  # noqa: BLE001  - whatever failed, what was not returned is returned next time
                _log.warning("sweeping failed", error=repr(error))
            else:
                if expired:
                    _log.info("swept", holds=expired)
            await asyncio.sleep(self._interval_s)

    async def sweep(self) -> int:
        """Return everything that has expired, in short transactions, and tell how many holds that was."""
        total = 0
        while True:
            expired = await self._batch()
            total += expired
            if expired < BATCH_HOLDS:
                return total

    async def _batch(self) -> int:
        async with self._database.unit() as unit:
            holds, over = await rows.lock_expired(unit.connection, BATCH_HOLDS)
            if not over:
                return 0
            working = Working(holds, rows.BEGINNING, _NO_TERMS)
            working.stock(*await rows.lock_items(unit.connection, working.needed([], over)))
            working.expire(over)
            await rows.write(unit.connection, working)
            await failpoint("inventory.sweep.before_commit")
            await unit.commit()
            self._metrics.expired(len(over))
            await failpoint("inventory.sweep.after_commit")
            return len(over)
