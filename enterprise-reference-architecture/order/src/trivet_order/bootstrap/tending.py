"""What an operator does with the database as a whole."""

from __future__ import annotations

import asyncio

from trivet_chassis import Audit
from trivet_order import migrations
from trivet_order.adapters.kafka.topics import create_topic
from trivet_order.adapters.sqlalchemy.audit import audit as audit_database
from trivet_order.settings import Settings


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
