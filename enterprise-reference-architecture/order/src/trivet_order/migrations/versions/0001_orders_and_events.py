"""Orders and their keys, the outbox and who publishes it, the inbox and what consumers made, and the sagas.

No table refers to another by a foreign key: rows of one order are written in one transaction and never deleted while
the order is there, and a key's row lock on ``orders`` would turn every order that moves into a multixact.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")
_STATUSES = (
    "Order Created",
    "Inventory Pending",
    "Inventory Reserved",
    "Payment Pending",
    "Order Confirmed",
    "Order Cancelled",
)
_SHARDS = 16
# Every row is written twice, and the index that a claim reads keeps an entry of each until it was vacuumed: by so many
# rows, for a share of a table that keeps what was published is too many.
_QUEUE = {
    "autovacuum_vacuum_scale_factor": "0.0",
    "autovacuum_vacuum_threshold": "2000",
    "autovacuum_vacuum_insert_scale_factor": "0.0",
    "autovacuum_vacuum_insert_threshold": "20000",
    "autovacuum_vacuum_cost_delay": "0",
}


def upgrade() -> None:
    """Make the tables."""
    _orders()
    _order_lines()
    _order_keys()
    _sagas()
    _outbox()
    _outbox_leases()
    _outbox_failures()
    _inbox()
    _timeline()
    _parked()


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("cancellation_requested", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("cancel_reason", sa.Text),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint(sa.column("status").in_(_STATUSES), name="orders_status"),
        sa.CheckConstraint("version > 0", name="orders_version"),
        sa.CheckConstraint("(status = 'Order Cancelled') = (cancel_reason IS NOT NULL)", name="orders_reason"),
        # Room on every page for the next versions of an order, so that a step of its saga touches no index (HOT).
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("orders_customer", "orders", ["customer_id", sa.text("id DESC")])


def _order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True),
        sa.Column("item_id", sa.Text),
        sa.Column("show_id", sa.Text),
        sa.Column("hold_id", sa.Text),
        sa.Column("token", sa.Text),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("price_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.CheckConstraint(
            "CASE WHEN item_id IS NOT NULL THEN num_nonnulls(show_id, hold_id, token) = 0 "
            "ELSE num_nonnulls(show_id, hold_id, token) = 3 END",
            name="order_lines_one_product",
        ),
        sa.CheckConstraint("quantity > 0", name="order_lines_quantity"),
        sa.CheckConstraint("price_minor >= 0", name="order_lines_price"),
        sa.CheckConstraint("(price_minor IS NULL) = (currency IS NULL)", name="order_lines_priced"),
        postgresql_with={"fillfactor": "80"},
    )


def _order_keys() -> None:
    op.create_table(
        "order_keys",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        _moment("at"),
    )


def _sagas() -> None:
    op.create_table(
        "sagas",
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        _moment("due_at"),
        _moment("created_at"),
        postgresql_with={"fillfactor": "70"},
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
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
        sa.CheckConstraint("aggregate_version > 0", name="outbox_version"),
        sa.CheckConstraint(f"shard >= 0 AND shard < {_SHARDS}", name="outbox_shard"),
        sa.CheckConstraint(
            "num_nonnulls(published_at, kafka_cluster, kafka_epoch) IN (0, 3)", name="outbox_marked_whole"
        ),
        postgresql_with=_QUEUE,
    )
    op.create_index(
        "outbox_unpublished", "outbox", ["shard", "position"], postgresql_where=sa.text("published_at IS NULL")
    )


def _outbox_leases() -> None:
    leases = op.create_table(
        "outbox_leases",
        sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        _moment("until"),
        # Where all of a shard's messages were published that count as published.
        sa.Column("kafka_cluster", sa.Text),
        sa.Column("kafka_epoch", sa.BigInteger),
        sa.CheckConstraint("(kafka_cluster IS NULL) = (kafka_epoch IS NULL)", name="outbox_leases_relayed_whole"),
        postgresql_with={"fillfactor": "50"},
    )
    op.bulk_insert(leases, [{"shard": shard} for shard in range(_SHARDS)])


def _outbox_failures() -> None:
    op.create_table(
        "outbox_failures",
        sa.Column("aggregate_id", sa.Uuid, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        _moment("since"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        _moment("at"),
    )


def _timeline() -> None:
    # Nothing here refuses the same event twice: an effect cannot always be made unique, and the inbox is the guard of
    # those that cannot. So it is the guard of this one, where its loss can be seen.
    op.create_table(
        "timeline",
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
    op.create_index("timeline_order", "timeline", ["order_id", "order_version"])


def _parked() -> None:
    op.create_table(
        "parked",
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
