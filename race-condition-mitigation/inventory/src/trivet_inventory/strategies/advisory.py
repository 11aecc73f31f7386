"""``advisory``: a transaction-level advisory lock on the item, then the guarded UPDATE."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from trivet_chassis import failpoint
from trivet_inventory.database import Connection
from trivet_inventory.errors import LockIsBusy, NoSuchItem
from trivet_inventory.sql import statement
from trivet_inventory.strategies import Sold, SoldOut
from trivet_locks import AdvisoryBusy, advisory_key, advisory_xact_lock, try_advisory_xact_lock

_TAKE = statement("take_guarded")


class Advisory:
    """Queues buyers of an item in PostgreSQL, each for ``wait_ms`` at most (0: no queue at all).

    Which race: two buyers read a stock of one and both sell it. Why this lock: it is taken in a statement of its own
    *before* the stock is read, so the read's snapshot is later than the former holder's COMMIT, and the server gives
    it back with the transaction, whatever becomes of this process. If it is lost: it cannot be lost before COMMIT;
    and the UPDATE is guarded, so without the lock no unit would be sold twice either, buyers would only queue on the
    row without a bound of their own.
    """

    name: ClassVar[str] = "advisory"
    lab_only: ClassVar[bool] = False
    constrained: ClassVar[bool] = True

    def __init__(self, wait_ms: int) -> None:
        self._wait_ms = wait_ms

    @asynccontextmanager
    async def admit(self, connection: Connection, item_id: str) -> AsyncIterator[Advisory]:
        """Take the item's lock; the transaction's end gives it back."""
        key = advisory_key("inventory.item", item_id)
        try:
            if self._wait_ms:
                await advisory_xact_lock(connection, key, wait_ms=self._wait_ms)
            else:
                await try_advisory_xact_lock(connection, key)
        except AdvisoryBusy as error:
            raise LockIsBusy(f"{item_id} is being bought; try again", item_id=item_id) from error
        yield self

    async def sell(self, connection: Connection, item_id: str, quantity: int) -> Sold | SoldOut:
        """Take the units if they are there."""
        await failpoint("inventory.purchase.before_write")
        row = await connection.fetchrow(_TAKE, item_id, quantity)
        if row is not None:
            return Sold.of(row)
        stock = await connection.fetchval("SELECT stock FROM items WHERE id = $1", item_id)
        if stock is None:
            raise NoSuchItem(item_id)
        return SoldOut(stock)

    def ensure_held(self) -> None:
        """Hold: the lock cannot be lost while the transaction lives."""

    async def verify(self, connection: Connection) -> None:
        """Ask nothing of the database beyond its tables."""

    async def blocker(self) -> str | None:
        """Need nothing but the database."""
        return None

    async def close(self) -> None:
        """Hold nothing."""
