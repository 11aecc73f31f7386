"""The projector, and what an operator needs who looks after what it parked."""

from __future__ import annotations

from dataclasses import dataclass

from trivet_order.adapters.kafka.consumer import KafkaRecordStream, Membership
from trivet_order.adapters.sqlalchemy import Database
from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.bootstrap.process import Process, ensure_kafka, limits_of, make_process
from trivet_order.settings import Settings

TIMELINE_CONSUMER = "order-timeline"
"""The consumer group, and the name under which the inbox and the parked records know it."""


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


def build_projector(settings: Settings) -> Projection:
    """Wire a projector together; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    ensure_kafka(settings, "the projector reads the order's events there")
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
    process = make_process(settings, "projector", {"kafka": stream.blocker})
    return Projection(process, stream, SqlAlchemyProjections(process.database, TIMELINE_CONSUMER))


def build_parked(settings: Settings) -> tuple[Database, SqlAlchemyProjections]:
    """Wire what an operator needs who looks after the parked records; the database is to be closed afterwards."""
    database = Database(settings.database_url, limits_of(settings), "trivet-order-parked")
    return database, SqlAlchemyProjections(database, TIMELINE_CONSUMER)
