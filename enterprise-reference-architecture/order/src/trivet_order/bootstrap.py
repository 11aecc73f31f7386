"""The composition root: the one place where settings become objects and an adapter is chosen."""

from __future__ import annotations

from dataclasses import dataclass

from trivet_chassis import SettingsError, configure_failpoints, host_and_port
from trivet_order.adapters.kafka.consumer import KafkaRecordStream, Membership
from trivet_order.adapters.sqlalchemy.engine import Database, Limits
from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import Settings

TIMELINE_CONSUMER = "order-timeline"
"""The consumer group, and the name under which the inbox and the parked records know it."""


@dataclass(frozen=True)
class Projection:
    """One projector's objects, wired together."""

    settings: Settings
    database: Database
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
