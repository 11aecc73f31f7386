"""The API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from trivet_chassis import current_trace
from trivet_order.adapters.clock import SystemClock
from trivet_order.adapters.sqlalchemy import SqlAlchemyQueries, SqlAlchemyRepository, SqlAlchemyUnitsOfWork
from trivet_order.adapters.sqlalchemy.checkouts import SqlAlchemyCheckouts
from trivet_order.adapters.sqlalchemy.timeline import SqlAlchemyTimeline, SqlAlchemyTimelineFeed
from trivet_order.application import (
    CheckoutView,
    Clock,
    OrderQueriesPort,
    OrderRepositoryPort,
    ReadCheckout,
    ReadCheckoutUseCase,
    ReadTimeline,
    ReadTimelineUseCase,
    TimelineEntry,
    UnitsOfWork,
)
from trivet_order.application.projecting import TimelineFeedPort
from trivet_order.bootstrap.process import Process, make_process
from trivet_order.settings import Settings


@dataclass(frozen=True)
class Api:
    """The API's objects, wired together."""

    process: Process
    units: UnitsOfWork
    queries: OrderQueriesPort
    feed: TimelineFeedPort
    clock: Clock

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[OrderRepositoryPort]:
        """Lend orders to look at: each read is of one moment, and there is no transaction to end.

        Raises:
            StoreUnavailable: definite; it was only read.
        """
        async with self.process.database.reading() as session:
            yield SqlAlchemyRepository(session)

    async def read_timeline(self, query: ReadTimeline) -> Sequence[TimelineEntry]:
        """Read an order's timeline (OrderNotFound, or StoreUnavailable, which is definite)."""
        async with self.process.database.reading() as session:
            use_case = ReadTimelineUseCase(SqlAlchemyRepository(session), SqlAlchemyTimeline(session))
            return await use_case.execute(query)

    async def read_checkout(self, query: ReadCheckout) -> CheckoutView:
        """Read how an order's checkout stands (OrderNotFound, or StoreUnavailable, which is definite)."""
        async with self.process.database.reading() as session:
            use_case = ReadCheckoutUseCase(SqlAlchemyRepository(session), SqlAlchemyCheckouts(session))
            return await use_case.execute(query)


def build_api(settings: Settings) -> Api:
    """Wire the API together; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    process = make_process(settings, "api")
    return Api(
        process,
        SqlAlchemyUnitsOfWork(process.database, _traceparent),
        SqlAlchemyQueries(process.database),
        SqlAlchemyTimelineFeed(process.database),
        SystemClock(),
    )


def _traceparent() -> str | None:
    """Return the position in the trace of what is being done; None if it is of none."""
    trace = current_trace()
    return trace.traceparent if int(trace.trace_id, 16) else None
