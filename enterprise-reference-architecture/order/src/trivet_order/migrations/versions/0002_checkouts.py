"""Checkouts as workers need them: shared out by shard, due at a time, with attempts, an end and a history.

Existing sagas were never worked on: each is where its order is, at the beginning or, if it was cancelled there, at the
end. Their shards are computed here and not in SQL, since no server before 18 knows the hash.
"""

from __future__ import annotations

from uuid import UUID
from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")
_SHARDS = 16
_STATES = ("created", "holding", "charging", "voiding", "confirming", "releasing", "confirmed", "cancelled")
_ENDS = ("confirmed", "cancelled")
_WINDOW_ROWS = 5_000
# As the outbox: each row is written several times, and the indexes that a claim reads keep an entry of every time.
_QUEUE = (
    "autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000, "
    "autovacuum_vacuum_insert_scale_factor = 0.0, autovacuum_vacuum_insert_threshold = 20000, "
    "autovacuum_vacuum_cost_delay = 0"
)


def upgrade() -> None:
    """Give the sagas what they need, and make their leases and their history."""
    _widen_sagas()
    _fill_sagas()
    _guard_sagas()
    _saga_leases()
    _saga_steps()


def _widen_sagas() -> None:
    op.execute(f"ALTER TABLE sagas SET ({_QUEUE})")
    op.alter_column("sagas", "due_at", nullable=True)
    op.add_column("sagas", sa.Column("shard", sa.SmallInteger))
    op.add_column("sagas", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("sagas", sa.Column("refusals", sa.Integer, nullable=False, server_default="0"))
    op.add_column("sagas", sa.Column("deadline_at", sa.DateTime(timezone=True)))
    op.add_column("sagas", sa.Column("reason", sa.Text))
    op.add_column("sagas", sa.Column("parked", sa.Text))
    op.add_column("sagas", sa.Column("parked_at", sa.DateTime(timezone=True)))
    op.add_column("sagas", sa.Column("ended_at", sa.DateTime(timezone=True)))


def _fill_sagas() -> None:
    connection, last = op.get_bind(), UUID(int=0)
    window = sa.text("SELECT order_id FROM sagas WHERE order_id > :last ORDER BY order_id LIMIT :rows")
    assign = sa.text("UPDATE sagas SET shard = :shard WHERE order_id = :order_id")
    while found := connection.scalars(window, {"last": last, "rows": _WINDOW_ROWS}).all():
        shards = [{"order_id": order_id, "shard": crc32(order_id.bytes) % _SHARDS} for order_id in found]
        connection.execute(assign, shards)
        last = found[-1]
    op.execute("UPDATE sagas SET state = 'created'")
    op.execute(
        "UPDATE sagas SET state = 'cancelled', reason = cancel_reason, ended_at = updated_at, due_at = NULL "
        "FROM orders WHERE id = order_id AND status = 'Order Cancelled'"
    )


def _guard_sagas() -> None:
    op.alter_column("sagas", "shard", nullable=False)
    state: sa.ColumnClause[str] = sa.column("state")
    op.create_check_constraint("sagas_state", "sagas", state.in_(_STATES))
    op.create_check_constraint("sagas_shard", "sagas", f"shard >= 0 AND shard < {_SHARDS}")
    op.create_check_constraint("sagas_attempts", "sagas", "attempts >= 0 AND refusals >= 0")
    op.create_check_constraint("sagas_ended", "sagas", state.in_(_ENDS) == sa.column("ended_at").is_not(None))
    op.create_check_constraint("sagas_parked", "sagas", "(parked IS NULL) = (parked_at IS NULL)")
    op.create_check_constraint("sagas_due", "sagas", "(due_at IS NULL) = (num_nonnulls(parked_at, ended_at) > 0)")
    # One for those that nothing stands in the way of, and one for those that are tried again: neither is looked for
    # among the others, however many they are.
    op.create_index(
        "sagas_fresh", "sagas", ["shard", "due_at"], postgresql_where=sa.text("due_at IS NOT NULL AND attempts = 0")
    )
    op.create_index(
        "sagas_retrying", "sagas", ["shard", "due_at"], postgresql_where=sa.text("due_at IS NOT NULL AND attempts > 0")
    )
    op.create_index("sagas_parked_at", "sagas", ["parked_at"], postgresql_where=sa.text("parked_at IS NOT NULL"))


def _saga_leases() -> None:
    leases = op.create_table(
        "saga_leases",
        sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        postgresql_with={"fillfactor": "50"},
    )
    op.bulk_insert(leases, [{"shard": shard} for shard in range(_SHARDS)])


def _saga_steps() -> None:
    op.create_table(
        "saga_steps",
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ordinal", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
    )
