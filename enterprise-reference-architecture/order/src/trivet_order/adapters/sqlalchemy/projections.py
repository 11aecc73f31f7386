"""The projection's transactions: inbox, timeline and parked records on one session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trivet_chassis import failpoint
from trivet_order.adapters.sqlalchemy.engine import Database, Unit
from trivet_order.adapters.sqlalchemy.inbox import SqlAlchemyInbox
from trivet_order.adapters.sqlalchemy.parked import SqlAlchemyParked
from trivet_order.adapters.sqlalchemy.timeline import SqlAlchemyTimelineRecorder


class SqlAlchemyProjectionUnit:
    """One transaction of a consumer."""

    def __init__(self, unit: Unit, consumer: str) -> None:
        self._unit = unit
        self.inbox = SqlAlchemyInbox(unit.session, consumer)
        self.timeline = SqlAlchemyTimelineRecorder(unit.session)
        self.parked = SqlAlchemyParked(unit.session, consumer)

    async def commit(self) -> None:
        """Make it last (StoreUnavailable if that is not certain)."""
        await failpoint("order.projector.before_commit")
        await self._unit.commit()
        await failpoint("order.projector.after_commit")


class SqlAlchemyProjections:
    """Where a consumer's transactions come from."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SqlAlchemyProjectionUnit]:
        """Open one; leaving it without a commit undoes it."""
        async with self._database.unit() as unit:
            yield SqlAlchemyProjectionUnit(unit, self._consumer)
