"""Serving holds, one or many: one transaction that locks, decides, writes and commits before anybody is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog

from trivet_chassis import Answer, ServiceError, Unavailable, failpoint, refusal
from trivet_inventory.database import Database
from trivet_inventory.holds import rows, telling
from trivet_inventory.holds.entries import Entry
from trivet_inventory.holds.hold import Hold, Name
from trivet_inventory.holds.holding import Terms
from trivet_inventory.holds.working import Working
from trivet_inventory.metrics import HoldMetrics

POISON = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, rows.RowsChanged)
"""What one entry can do to a whole statement; a server that is away is no entry's doing."""
_log = structlog.get_logger("trivet.holds")

Told = Answer | Exception
"""What an entry is told; an exception is a defect, of which nothing lasts."""


class StockDesk:
    """Holds, pins, sells and takes back units, for orders.

    No answer is given before COMMIT returned, refusals included: until then a repeat could be told something else.
    """

    def __init__(self, database: Database, metrics: HoldMetrics, terms: Terms) -> None:
        self._database = database
        self._metrics = metrics
        self._terms = terms

    async def one(self, entry: Entry) -> Answer:
        """Do one entry: a batch of one, and so answered as it would be in any other.

        Raises:
            Unavailable: A dependency failed; ``definite`` says whether the entry may have been done.
        """
        (told,) = await self.many([entry])
        if isinstance(told, Exception):
            raise told
        return told

    async def many(self, entries: Sequence[Entry]) -> list[Told]:
        """Do entries of many orders in their order, in one transaction, and answer each as if it had come alone.

        Raises:
            Unavailable: A dependency failed; ``definite`` says whether any may have been done. A repeat tells.
        """
        with self._metrics.counting([entry.OPERATION for entry in entries]) as outcomes:
            told = await self._settle(entries)
            outcomes.tell(told)
            return told

    async def look(self, name: Name) -> dict[str, Any]:
        """Return how a hold stands.

        Raises:
            NotFound: There is none of this name.
        """
        hold = await rows.find(self._database, name)
        if hold is None:
            raise telling.over(Hold(name))
        return telling.standing(hold)

    async def _settle(self, entries: Sequence[Entry]) -> list[Told]:
        """Do entries together; where the database refuses the whole, look for the one that it refuses, by halves.

        What fails so has not committed anything. Halves are done one after the other, so that entries of one hold keep
        their order.
        """
        try:
            return await self._together(entries)
        except POISON as error:
            if len(entries) == 1:
                _log.exception("an entry failed", operation=entries[0].OPERATION, hold_id=entries[0].name.id)
                return [error]
        half = len(entries) // 2
        return await self._halves(entries[:half], entries[half:])

    async def _halves(self, first: Sequence[Entry], second: Sequence[Entry]) -> list[Told]:
        told = await self._settle(first)
        try:
            return told + await self._settle(second)
        except Unavailable as error:  # the first half lasts, so of the whole it is not known whether nothing did
            raise Unavailable(error.detail, definite=False) from error

    async def _together(self, entries: Sequence[Entry]) -> list[Told]:
        """Do entries in one transaction, anew if a name that was new is not new any more.

        Which race: two requests with one new id, on two replicas; neither finds a row to lock. Why this guard: the
        table's key lets one of them insert it, the other waits for that COMMIT, inserts nothing, rolls back, and finds
        the row the next time. Names are inserted in one order, so nobody waits in a circle. If the key were lost, one
        id would hold twice.
        """
        for _ in range(len(entries) + 1):  # each time one name more is known; names are never forgotten
            try:
                return await self._attempt(entries)
            except rows.NameTaken:
                continue
        raise Unavailable("the holds were asked for elsewhere at the same time: nothing happened here", definite=True)

    async def _attempt(self, entries: Sequence[Entry]) -> list[Told]:
        async with self._database.unit() as unit:
            holds, over = await rows.lock(unit.connection, [entry.name for entry in entries])
            working = Working(holds, rows.BEGINNING, self._terms)
            working.stock(*await rows.lock_items(unit.connection, working.needed(entries, over)))
            await failpoint("inventory.holds.after_lock")
            working.expire(over)
            told = [_told(working, entry) for entry in entries]
            await rows.write(unit.connection, working)
            await failpoint("inventory.holds.before_commit")
            await unit.commit()
            await failpoint("inventory.holds.after_commit")
            return told


def _told(working: Working, entry: Entry) -> Told:
    """Decide one entry; whatever goes wrong in it is its own, and the others' transaction goes on."""
    try:
        return working.decide(entry).answer
    except ServiceError as error:
        return refusal(error)
    except Exception as error:  # noqa: BLE001  - a defect that one entry meets must not undo the others
        _log.exception("an entry failed", operation=entry.OPERATION, hold_id=entry.name.id)
        return error
