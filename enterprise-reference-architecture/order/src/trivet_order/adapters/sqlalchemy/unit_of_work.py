"""Units of work: one transaction of PostgreSQL, and the ports that speak in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trivet_order.adapters.sqlalchemy.engine import Database, Unit
from trivet_order.adapters.sqlalchemy.keys import SqlAlchemyKeys
from trivet_order.adapters.sqlalchemy.outbox_publisher import OutboxPublisher, Traceparent
from trivet_order.adapters.sqlalchemy.repository import SqlAlchemyRepository


class SqlAlchemyUnitOfWork:
    """One transaction. What the ports raise of a server that failed is told at the end of the unit."""

    def __init__(self, unit: Unit, traceparent: Traceparent) -> None:
        self._unit = unit
        self.orders = SqlAlchemyRepository(unit.session)
        self.events = OutboxPublisher(unit.session, traceparent)
        self.keys = SqlAlchemyKeys(unit.session)

    async def commit(self) -> None:
        """Make it last.

        Raises:
            StoreUnavailable: not definite if the answer to COMMIT did not come or came with a reservation.
        """
        await self._unit.commit()


class SqlAlchemyUnitsOfWork:
    """Opens units of work on a database."""

    def __init__(self, database: Database, traceparent: Traceparent) -> None:
        """Open units whose events name the trace that ``traceparent`` returns when they are published."""
        self._database = database
        self._traceparent = traceparent

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SqlAlchemyUnitOfWork]:
        """Open one; leaving it without a commit undoes it.

        Raises:
            StoreUnavailable: definite, if no connection was free in time or the server failed before COMMIT was sent.
        """
        async with self._database.unit() as unit:
            yield SqlAlchemyUnitOfWork(unit, self._traceparent)
