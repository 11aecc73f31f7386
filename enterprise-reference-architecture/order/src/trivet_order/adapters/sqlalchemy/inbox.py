"""Which events had their effect, a row each: written in the transaction of the effect."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.sql import statement

_ADMIT = text(statement("admit_events"))


class SqlAlchemyInbox:
    """The inbox of one consumer, in one transaction.

    Which race: two transactions note one event at once. Why this guard: the primary key has the second wait until the
    first has ended; then the row is there, or it is the second's to write. Rows are written in the order of their ids,
    so that of two batches with the same events none waits for the other in a circle.
    """

    def __init__(self, session: AsyncSession, consumer: str) -> None:
        self._session = session
        self._consumer = consumer

    async def admit(self, event_ids: Collection[UUID]) -> frozenset[UUID]:
        """Note these events, and return those that nobody had noted."""
        found = await self._session.execute(_ADMIT, {"consumer": self._consumer, "event_ids": list(event_ids)})
        return frozenset(found.scalars())
