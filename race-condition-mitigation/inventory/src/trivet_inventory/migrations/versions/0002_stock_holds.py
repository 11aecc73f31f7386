"""Holds of stock, and the moves of units that they made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables; the constraints that forbid a negative stock and a second return are a lab's to leave out."""
    constrained: bool = context.config.attributes["constrained"]
    _holds()
    _moves(constrained=constrained)


def _holds() -> None:
    op.create_table(
        "stock_holds",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("hold_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        # Null of a tombstone that came before its hold.
        sa.Column("payload", sa.LargeBinary),
        sa.Column("lines", postgresql.JSONB, nullable=False),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text),
        sa.Column("short_item_id", sa.Text),
        sa.Column("ttl_ms", sa.BigInteger),
        # What was granted, for good: a repeat is told the same.
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        # When the sweeper comes; null as soon as time does not end the hold any more. It is the one indexed column that
        # changes, so what orders do with a pinned hold touches no index (HOT).
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.CheckConstraint(
            "state IN ('refused', 'held', 'expired', 'released', 'pinned', 'sold')", name="stock_holds_state"
        ),
        sa.CheckConstraint("(state = 'held') = (due_at IS NOT NULL)", name="stock_holds_due"),
        sa.CheckConstraint("state NOT IN ('pinned', 'sold') OR order_id IS NOT NULL", name="stock_holds_owned"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("stock_holds_due_at", "stock_holds", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))


def _moves(*, constrained: bool) -> None:
    guards = (
        [
            sa.CheckConstraint("stock_after >= 0", name="stock_moves_stock_not_negative"),
            # What a hold took comes back once, whoever thinks otherwise.
            sa.UniqueConstraint("subject", "hold_id", "item_id", "kind", name="stock_moves_once"),
        ]
        if constrained
        else []
    )
    op.create_table(
        "stock_moves",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("item_version", sa.BigInteger, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("hold_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("stock_after", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.CheckConstraint("kind IN ('held', 'returned')", name="stock_moves_kind"),
        sa.CheckConstraint("quantity > 0", name="stock_moves_quantity"),
        *guards,
    )
