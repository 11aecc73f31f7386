"""``naive``: the flow with no lock and no guard. It oversells, which is what the lab starts it for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from trivet_chassis import failpoint
from trivet_inventory.database import Connection
from trivet_inventory.errors import NoSuchItem
from trivet_inventory.sql import statement
from trivet_inventory.strategies import Sold, SoldOut

_TAKE = statement("take_unguarded")


class Naive:
    """Reads the stock, and if there is some, takes the units.

    Which race: between the read and the write another buyer reads the same stock, and both sell the last unit. No
    guard stands against it.
    """

    name: ClassVar[str] = "naive"
    lab_only: ClassVar[bool] = True
    constrained: ClassVar[bool] = False

    @asynccontextmanager
    async def admit(self, connection: Connection, item_id: str) -> AsyncIterator[Naive]:  # noqa: ARG002  - the interface
        """Admit everybody."""
        yield self

    async def sell(self, connection: Connection, item_id: str, quantity: int) -> Sold | SoldOut:
        """Read, decide, write: three moments that belong to three different states of the item."""
        stock = await connection.fetchval("SELECT stock FROM items WHERE id = $1", item_id)
        await failpoint("inventory.purchase.after_read")
        if stock is None:
            raise NoSuchItem(item_id)
        if stock < quantity:
            return SoldOut(stock)
        await failpoint("inventory.purchase.before_write")
        row = await connection.fetchrow(_TAKE, item_id, quantity)
        if row is None:
            raise NoSuchItem(item_id)
        return Sold.of(row)

    def ensure_held(self) -> None:
        """Hold nothing."""

    async def verify(self, connection: Connection) -> None:
        """Ask nothing of the database beyond its tables."""

    async def blocker(self) -> str | None:
        """Need nothing but the database."""
        return None

    async def close(self) -> None:
        """Hold nothing."""
