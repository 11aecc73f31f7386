"""How buyers of one item exclude each other: one interface, one file a strategy.

A strategy admits a buyer to an item and sells within the buyer's own transaction. Admission surrounds the COMMIT, so
that no lock is given back before what it protected is visible to the next holder.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

import asyncpg

from trivet_inventory.database import Connection


@dataclass(frozen=True, slots=True)
class Sold:
    """Units left the stock, in a transaction that is still open; ``stock`` and ``item_version`` are after it."""

    stock: int
    item_version: int
    unit_price_minor: int
    currency: str
    fence: int | None = None

    @classmethod
    def of(cls, row: asyncpg.Record, fence: int | None = None) -> Sold:
        """Return what an UPDATE of ``items`` returned."""
        return cls(row["stock"], row["item_version"], row["unit_price_minor"], row["currency"], fence)


@dataclass(frozen=True, slots=True)
class SoldOut:
    """Less is left than was asked for; nothing was changed."""

    stock: int


class Admission(Protocol):
    """The right to sell one item for a moment."""

    async def sell(self, connection: Connection, item_id: str, quantity: int) -> Sold | SoldOut:
        """Take ``quantity`` units out of the stock, or say that they are not there.

        Raises:
            NoSuchItem: There is no such item.
            LockIsBusy: Another buyer was admitted meanwhile, and this one's write was refused.
        """
        ...

    def ensure_held(self) -> None:
        """Return if the admission still excludes others; called last before COMMIT.

        Raises:
            LockIsBusy: It does not; the caller must roll back.
        """
        ...


class Strategy(Protocol):
    """Chosen once, in ``bootstrap.py``."""

    name: ClassVar[str]
    lab_only: ClassVar[bool]
    """Only a lab may start it."""
    constrained: ClassVar[bool]
    """Wants a database whose constraints forbid a negative stock; a strategy without wants one without."""

    def admit(self, connection: Connection, item_id: str) -> AbstractAsyncContextManager[Admission]:
        """Admit a buyer to an item until the context ends.

        Raises:
            LockIsBusy: Another buyer is there.
            Unavailable: What the lock needs did not answer; definite.
        """
        ...

    async def verify(self, connection: Connection) -> None:
        """Return if the database has what the strategy relies on; asked of every new connection.

        Raises:
            WrongDatabase: It has not.
        """
        ...

    async def blocker(self) -> str | None:
        """Return what the strategy lacks to serve, None if nothing."""
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...
