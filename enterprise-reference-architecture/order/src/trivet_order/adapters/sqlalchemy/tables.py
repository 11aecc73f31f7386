"""The order's tables as the adapters speak of them; what makes them is the migration, and a test compares the two."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()
_NOW = sa.text("clock_timestamp()")


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("cancellation_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("cancel_reason", sa.Text),
    _moment("created_at"),
    _moment("updated_at"),
)
sa.Index("orders_customer", orders.c.customer_id, orders.c.id.desc())

order_lines = sa.Table(
    "order_lines",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True),
    sa.Column("item_id", sa.Text),
    sa.Column("show_id", sa.Text),
    sa.Column("hold_id", sa.Text),
    sa.Column("token", sa.Text),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("price_minor", sa.BigInteger),
    sa.Column("currency", sa.Text),
)

order_keys = sa.Table(
    "order_keys",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    _moment("at"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("aggregate_id", sa.Uuid, nullable=False),
    sa.Column("aggregate_version", sa.BigInteger, nullable=False),
    sa.Column("shard", sa.SmallInteger, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("occurred_on", sa.DateTime(timezone=True), nullable=False),
    sa.Column("traceparent", sa.Text),
    sa.Column("body", sa.LargeBinary, nullable=False),
    _moment("recorded_at"),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    sa.Column("kafka_cluster", sa.Text),
    sa.Column("kafka_epoch", sa.BigInteger),
    sa.UniqueConstraint("event_id", name="outbox_event"),
    sa.UniqueConstraint("aggregate_id", "aggregate_version", name="outbox_aggregate_version"),
)
sa.Index("outbox_unpublished", outbox.c.shard, outbox.c.position, postgresql_where=outbox.c.published_at.is_(None))

outbox_leases = sa.Table(
    "outbox_leases",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("holder", sa.Text),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
    _moment("until"),
    sa.Column("kafka_cluster", sa.Text),
    sa.Column("kafka_epoch", sa.BigInteger),
)

outbox_failures = sa.Table(
    "outbox_failures",
    metadata,
    sa.Column("aggregate_id", sa.Uuid, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
    _moment("since"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Uuid, primary_key=True),
    _moment("at"),
)

timeline = sa.Table(
    "timeline",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("order_version", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("occurred_on", sa.DateTime(timezone=True), nullable=False),
    _moment("recorded_on"),
    sa.Column("data", postgresql.JSONB, nullable=False),
)
sa.Index("timeline_order", timeline.c.order_id, timeline.c.order_version)

parked = sa.Table(
    "parked",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record_offset", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.LargeBinary),
    sa.Column("value", sa.LargeBinary),
    sa.Column("headers", postgresql.JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    _moment("parked_at"),
    sa.Column("replayed_at", sa.DateTime(timezone=True)),
)

sagas = sa.Table(
    "sagas",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("due_at", sa.DateTime(timezone=True), server_default=_NOW),
    _moment("created_at"),
    sa.Column("shard", sa.SmallInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deadline_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    sa.Column("parked", sa.Text),
    sa.Column("parked_at", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
)
_IS_DUE = sagas.c.due_at.is_not(None)
sa.Index("sagas_fresh", sagas.c.shard, sagas.c.due_at, postgresql_where=_IS_DUE & (sagas.c.attempts == 0))
sa.Index("sagas_retrying", sagas.c.shard, sagas.c.due_at, postgresql_where=_IS_DUE & (sagas.c.attempts > 0))
sa.Index("sagas_parked_at", sagas.c.parked_at, postgresql_where=sagas.c.parked_at.is_not(None))

saga_leases = sa.Table(
    "saga_leases",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("holder", sa.Text),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
    _moment("until"),
)

saga_steps = sa.Table(
    "saga_steps",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ordinal", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("detail", sa.Text),
    _moment("at"),
)
