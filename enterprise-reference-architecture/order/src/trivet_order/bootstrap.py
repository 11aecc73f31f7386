"""The composition root: the one place where settings become objects."""

from __future__ import annotations

import asyncio
import functools
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry

from trivet_chassis import (
    Audit,
    Check,
    Gate,
    Health,
    PoolCollector,
    SettingsError,
    arm_service,
    current_trace,
    failpoint,
    gate_of,
)
from trivet_order import migrations
from trivet_order.adapters.clock import SystemClock
from trivet_order.adapters.kafka.consumer import KafkaRecordStream, Membership
from trivet_order.adapters.kafka.producers import RenewingSender, make_producer
from trivet_order.adapters.kafka.topics import create_topic
from trivet_order.adapters.sqlalchemy import (
    Database,
    Limits,
    SqlAlchemyQueries,
    SqlAlchemyRepository,
    SqlAlchemyUnitsOfWork,
)
from trivet_order.adapters.sqlalchemy.audit import audit as audit_database
from trivet_order.adapters.sqlalchemy.outbox import Relayed, SqlAlchemyOutbox
from trivet_order.adapters.sqlalchemy.outbox_leases import SqlAlchemyOutboxLeases
from trivet_order.adapters.sqlalchemy.outbox_pruning import OutboxPruner
from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.adapters.sqlalchemy.statements import LAZY_COMMIT
from trivet_order.adapters.sqlalchemy.timeline import SqlAlchemyTimeline, SqlAlchemyTimelineFeed
from trivet_order.adapters.waiting import InterruptibleTime
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
from trivet_order.application.relaying import Relay, RelayObserverPort, RelayPace
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import MEMBER, Settings

TIMELINE_CONSUMER = "order-timeline"
"""The consumer group, and the name under which the inbox and the parked records know it."""


@dataclass(frozen=True)
class Process:
    """What every process of the order has, whatever it does."""

    settings: Settings
    registry: CollectorRegistry
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

    async def waiting(self) -> int:
        """Return how many parked records wait for a replay (StoreUnavailable if nobody can say)."""
        async with self.units.open() as unit:
            return await unit.parked.count()


@dataclass(frozen=True)
class Relaying:
    """One relay's objects; what belongs to an event loop is made in it."""

    settings: Settings
    database: Database
    outbox: SqlAlchemyOutbox
    leases: SqlAlchemyOutboxLeases
    pruner: OutboxPruner
    holder: str

    def sender(self) -> RenewingSender:
        """Return what sends to Kafka, without a connection yet."""
        settings = self.settings
        timeout_ms = settings.kafka_request_timeout_ms
        make = functools.partial(make_producer, settings.kafka_servers, self.holder, timeout_ms)
        return RenewingSender(make, settings.topic, timeout_ms / 1000, failpoint)

    def relay(self, sender: RenewingSender, time: InterruptibleTime, observer: RelayObserverPort) -> Relay:
        """Return the relay."""
        settings = self.settings
        pace = RelayPace(
            batch=settings.relay_batch_max,
            lease_s=settings.relay_lease_ms / 1000,
            idle_pause_s=settings.relay_poll_ms_max / 1000,
            retry_refused_s=settings.relay_retry_ms_max / 1000,
        )
        return Relay(
            self.outbox,
            self.leases,
            sender,
            time=time,
            observer=observer,
            pace=pace,
            jitter=random.random,
            failpoint=failpoint,
        )


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.pool_connections_max,
        settings.pool_wait_ms,
        settings.statement_timeout_ms,
        settings.idle_in_transaction_timeout_ms,
        settings.commit_timeout_ms,
    )


def _process(settings: Settings, name: str, checks: Mapping[str, Check] | None = None) -> Process:
    """Wire what every process has, and arm what a lab asked for; nothing is connected yet.

    Args:
        settings: of this process.
        name: which of the order's processes it is, as the database's list of connections tells it.
        checks: what it needs to serve beside its database.

    Raises:
        SettingsError: The settings do not go together.
    """
    arm_service(settings, MEMBER, FAILPOINTS)
    gate = gate_of(settings, MEMBER, settings.listen)
    registry = CollectorRegistry()
    database = Database(settings.database_url, _limits(settings), f"trivet-order-{name}")
    registry.register(PoolCollector(MEMBER, database.connections))
    health = Health({"database": database.blocker, **(checks or {}), **gate.checks}, concerns=gate.concerns)
    return Process(settings, registry, database, gate, health)


def _with_kafka(settings: Settings, why: str) -> None:
    if not settings.kafka_servers:
        raise SettingsError([f"TRIVET_ORDER_KAFKA_SERVERS is not set: {why}"])


def _traceparent() -> str | None:
    """Return the position in the trace of what is being done; None if it is of none."""
    trace = current_trace()
    return trace.traceparent if int(trace.trace_id, 16) else None


def migrate(settings: Settings) -> None:
    """Bring the database to the newest shape, and make the topic if Kafka is set."""
    migrations.migrate(settings.database_url)
    if settings.kafka_servers:
        asyncio.run(create_topic(settings.kafka_servers, settings.topic))


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
    _with_kafka(settings, "the projector reads the order's events there")
    stream = KafkaRecordStream(
        Membership(
            servers=settings.kafka_servers,
            topic=settings.topic,
            group=TIMELINE_CONSUMER,
            batch_max=settings.projector_batch_max,
            session_timeout_ms=settings.projector_session_timeout_ms,
            request_timeout_ms=settings.kafka_request_timeout_ms,
        )
    )
    process = _process(settings, "projector", {"kafka": stream.blocker})
    return Projection(process, stream, SqlAlchemyProjections(process.database, TIMELINE_CONSUMER))


def build_parked(settings: Settings) -> tuple[Database, SqlAlchemyProjections]:
    """Wire what an operator needs who looks after the parked records; the database is to be closed afterwards."""
    database = Database(settings.database_url, _limits(settings), "trivet-order-parked")
    return database, SqlAlchemyProjections(database, TIMELINE_CONSUMER)


def build_relay(settings: Settings) -> Relaying:
    """Wire a relay and arm what a lab asked for; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    arm_service(settings, MEMBER, FAILPOINTS)
    _with_kafka(settings, "the relay publishes the order's events there")
    if settings.relay_lease_ms <= 2 * settings.kafka_request_timeout_ms:
        raise SettingsError(
            ["TRIVET_ORDER_RELAY_LEASE_MS must be more than twice TRIVET_ORDER_KAFKA_REQUEST_TIMEOUT_MS"]
        )
    holder = f"{socket.gethostname()}/{settings.listen}"
    database = Database(settings.database_url, _limits(settings), "trivet-order-relay", LAZY_COMMIT)
    relayed = Relayed(settings.kafka_cluster, settings.kafka_epoch)
    return Relaying(
        settings=settings,
        database=database,
        outbox=SqlAlchemyOutbox(database, holder, relayed),
        leases=SqlAlchemyOutboxLeases(database, holder, relayed, settings.relay_lease_ms / 1000),
        pruner=OutboxPruner(database, timedelta(hours=settings.outbox_retention_h)),
        holder=holder,
    )
