"""The composition root: the one place where settings become objects and an adapter is chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from trivet_chassis import SettingsError, configure_failpoints, host_and_port
from trivet_order.adapters.kafka.consumer import KafkaRecordStream, Membership
from trivet_order.adapters.sqlalchemy.engine import Database, Limits
from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.adapters.sqlalchemy.timeline import SqlAlchemyTimeline, SqlAlchemyTimelineFeed
from trivet_order.application import (
    Clock,
    OrderQueriesPort,
    OrderRepositoryPort,
    ReadTimeline,
    ReadTimelineUseCase,
    TimelineEntry,
    UnitsOfWork,
)
from trivet_order.application.projecting import TimelineFeedPort
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import Settings

TIMELINE_CONSUMER = "order-timeline"
"""The consumer group, and the name under which the inbox and the parked records know it."""


@dataclass(frozen=True)
class Projection:
    """One projector's objects, wired together."""

    settings: Settings
    database: Database
    gate: Gate
    health: Health


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


@dataclass(frozen=True)
class Projection:
    """A projector's objects, wired together."""

    process: Process
    stream: KafkaRecordStream
    units: SqlAlchemyProjections

    def stream(self) -> KafkaRecordStream:
        """Return a member of the group; it belongs to the event loop that is running."""
        settings = self.settings
        return KafkaRecordStream(
            Membership(
                servers=settings.kafka_servers,
                topic=settings.topic,
                group=TIMELINE_CONSUMER,
                batch_max=settings.projector_batch_max,
                session_timeout_ms=settings.projector_session_timeout_ms,
                request_timeout_ms=settings.kafka_request_timeout_ms,
            )
        )

    async def waiting(self) -> int:
        """Return how many parked records wait for a replay."""
        async with self.units.open() as unit:
            return await unit.parked.count()


def parked_units(settings: Settings) -> tuple[Database, SqlAlchemyProjections]:
    """Wire what an operator needs who looks after parked records."""
    database = _database(settings, "parked")
    return database, SqlAlchemyProjections(database, TIMELINE_CONSUMER)


def build_projector(settings: Settings) -> Projection:
    """Wire a projector and arm what a lab asked for; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    try:
        host_and_port(settings.listen)
    except ValueError as error:
        raise SettingsError([f"TRIVET_ORDER_LISTEN {error}"]) from error
    configure_failpoints(settings.failpoints, settings.lab, FAILPOINTS)
    gate = gate_of(settings, MEMBER, settings.listen)
    registry = CollectorRegistry()
    database = Database(settings.database_url, _limits(settings), f"trivet-order-{name}")
    registry.register(PoolCollector(MEMBER, database.connections))
    health = Health({"database": database.blocker, **(checks or {}), **gate.checks}, concerns=gate.concerns)
    return Process(settings, registry, database, gate, health)


def _traceparent() -> str | None:
    """Return the position in the trace of what is being done; None if it is of none."""
    trace = current_trace()
    return trace.traceparent if int(trace.trace_id, 16) else None


def migrate(settings: Settings) -> None:
    """Bring the database to the newest shape."""
    migrations.migrate(settings.database_url)


def audit(settings: Settings) -> Audit:
    """Judge the books by every rule, as they are at one moment.

    Raises:
        WrongDatabase: There are no orders in it.
        Unavailable: The database failed.
    """
    return audit_database(settings.database_url)


def build_api(settings: Settings) -> Api:
    """Wire the API together; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    process = _process(settings, "api")
    return Api(
        process,
        SqlAlchemyUnitsOfWork(process.database, _traceparent),
        SqlAlchemyQueries(process.database),
        SqlAlchemyTimelineFeed(process.database),
        SystemClock(),
    )


def build_projector(settings: Settings) -> Projection:
    """Wire a projector together; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    if not settings.kafka_servers:
        raise SettingsError(["TRIVET_ORDER_KAFKA_SERVERS is not set: the projector reads the order's events there"])
    configure_failpoints(settings.failpoints, settings.lab, FAILPOINTS)
    database = _database(settings, "projector")
    return Projection(settings, database, SqlAlchemyProjections(database, TIMELINE_CONSUMER))


def _database(settings: Settings, process: str) -> Database:
    limits = Limits(
        settings.pool_connections_max,
        settings.pool_wait_ms,
        settings.statement_timeout_ms,
        settings.idle_in_transaction_timeout_ms,
        settings.commit_timeout_ms,
    )
    return Database(settings.database_url, limits, f"trivet-order {process}")
