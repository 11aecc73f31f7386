"""The composition root: the one place where settings become objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from trivet_chassis import (
    Audit,
    Check,
    Gate,
    Health,
    PoolCollector,
    SettingsError,
    configure_failpoints,
    current_trace,
    gate_of,
    host_and_port,
)
from trivet_order import migrations
from trivet_order.adapters.clock import SystemClock
from trivet_order.adapters.sqlalchemy import (
    Database,
    Limits,
    SqlAlchemyQueries,
    SqlAlchemyRepository,
    SqlAlchemyUnitsOfWork,
)
from trivet_order.adapters.sqlalchemy.audit import audit as audit_database
from trivet_order.application import Clock, OrderQueriesPort, OrderRepositoryPort, UnitsOfWork
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import MEMBER, Settings


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
    clock: Clock

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[OrderRepositoryPort]:
        """Lend orders to look at: each read is of one moment, and there is no transaction to end.

        Raises:
            StoreUnavailable: definite; it was only read.
        """
        async with self.process.database.reading() as session:
            yield SqlAlchemyRepository(session)


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
        SystemClock(),
    )
