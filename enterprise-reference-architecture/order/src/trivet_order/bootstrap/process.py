"""What every process of the order has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from prometheus_client import CollectorRegistry

from trivet_chassis import Check, Gate, Health, PoolCollector, SettingsError, arm_service, gate_of
from trivet_order.adapters.sqlalchemy import Database, Limits
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import MEMBER, Settings


@dataclass(frozen=True)
class Process:
    """What every process of the order has, whatever it does."""

    settings: Settings
    registry: CollectorRegistry
    database: Database
    gate: Gate
    checks: Mapping[str, Check]
    concerns: Mapping[str, Check]
    health: Health

    def concerned(self, concerns: Mapping[str, Check]) -> Process:
        """Return the same process, whose ``/readyz`` tells of these too."""
        every = {**self.concerns, **concerns}
        return replace(self, concerns=every, health=Health(self.checks, concerns=every))


def limits_of(settings: Settings) -> Limits:
    """Return the bounds of every wait for the database."""
    return Limits(
        settings.pool_connections_max,
        settings.pool_wait_ms,
        settings.statement_timeout_ms,
        settings.idle_in_transaction_timeout_ms,
        settings.commit_timeout_ms,
    )


def make_process(
    settings: Settings,
    name: str,
    checks: Mapping[str, Check] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Process:
    """Wire what every process has, and arm what a lab asked for; nothing is connected yet.

    Args:
        settings: of this process.
        name: which of the order's processes it is, as the database's list of connections tells it.
        checks: what it needs to serve beside its database.
        parameters: what its connections tell the database of themselves.

    Raises:
        SettingsError: The settings do not go together.
    """
    arm_service(settings, MEMBER, FAILPOINTS)
    gate = gate_of(settings, MEMBER, settings.listen)
    registry = CollectorRegistry()
    database = Database(settings.database_url, limits_of(settings), f"trivet-order-{name}", parameters)
    registry.register(PoolCollector(MEMBER, database.connections))
    needed = {"database": database.blocker, **(checks or {}), **gate.checks}
    return Process(settings, registry, database, gate, needed, gate.concerns, Health(needed, concerns=gate.concerns))


def ensure_kafka(settings: Settings, why: str) -> None:
    """Refuse settings without Kafka (SettingsError)."""
    if not settings.kafka_servers:
        raise SettingsError([f"TRIVET_ORDER_KAFKA_SERVERS is not set: {why}"])
