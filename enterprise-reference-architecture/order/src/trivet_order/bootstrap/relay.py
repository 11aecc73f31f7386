"""The relay."""

from __future__ import annotations

import functools
import random
import socket
from dataclasses import dataclass
from datetime import timedelta

from trivet_chassis import SettingsError, arm_service, failpoint
from trivet_order.adapters.kafka.producers import RenewingSender, make_producer
from trivet_order.adapters.sqlalchemy import Database
from trivet_order.adapters.sqlalchemy.outbox import Relayed, SqlAlchemyOutbox
from trivet_order.adapters.sqlalchemy.outbox_leases import SqlAlchemyOutboxLeases
from trivet_order.adapters.sqlalchemy.outbox_pruning import OutboxPruner
from trivet_order.adapters.sqlalchemy.statements import LAZY_COMMIT
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application.relaying import Relay, RelayObserverPort, RelayPace
from trivet_order.bootstrap.process import ensure_kafka, limits_of
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import MEMBER, Settings


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


def build_relay(settings: Settings) -> Relaying:
    """Wire a relay and arm what a lab asked for; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    arm_service(settings, MEMBER, FAILPOINTS)
    ensure_kafka(settings, "the relay publishes the order's events there")
    if settings.relay_lease_ms <= 2 * settings.kafka_request_timeout_ms:
        raise SettingsError(
            ["TRIVET_ORDER_RELAY_LEASE_MS must be more than twice TRIVET_ORDER_KAFKA_REQUEST_TIMEOUT_MS"]
        )
    holder = f"{socket.gethostname()}/{settings.listen}"
    database = Database(settings.database_url, limits_of(settings), "trivet-order-relay", LAZY_COMMIT)
    relayed = Relayed(settings.kafka_cluster, settings.kafka_epoch)
    return Relaying(
        settings=settings,
        database=database,
        outbox=SqlAlchemyOutbox(database, holder, relayed),
        leases=SqlAlchemyOutboxLeases(database, holder, relayed, settings.relay_lease_ms / 1000),
        pruner=OutboxPruner(database, timedelta(hours=settings.outbox_retention_h)),
        holder=holder,
    )
