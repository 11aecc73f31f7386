"""Items, what was bought and restocked, and the answers that were given under a key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateSequence

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables; the constraints that forbid a negative stock are left out for a lab's naive strategy."""
    constrained: bool = context.config.attributes["constrained"]
    # CACHE 1 and NO CYCLE: a session that kept numbers back would draw a smaller fence after a greater one.
    op.execute(CreateSequence(sa.Sequence("item_fence", minvalue=1, cache=1, cycle=False)))
    _items(constrained=constrained)
    _purchases(constrained=constrained)
    _restocks()
    _answers()


def _items(*, constrained: bool) -> None:
    guards = [sa.CheckConstraint("stock >= 0", name="items_stock_not_negative")] if constrained else []
    op.create_table(
        "items",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("stock", sa.BigInteger, nullable=False),
        sa.Column("initial_stock", sa.BigInteger, nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("item_version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        *guards,
        # Room on every page for the next versions of a hot row, so that an update touches no index (HOT).
        postgresql_with={"fillfactor": "50"},
    )


def _purchases(*, constrained: bool) -> None:
    guards = [sa.CheckConstraint("stock_after >= 0", name="purchases_stock_not_negative")] if constrained else []
    # No foreign key to items: items are never deleted, the purchase is made in the transaction that updated the
    # item, and the key's row lock would turn every hot row into a multixact.
    op.create_table(
        "purchases",
        sa.Column("purchase_id", postgresql.UUID, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("item_version", sa.BigInteger),
        sa.Column("stock_after", sa.BigInteger),
        sa.Column("fence", sa.BigInteger),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.UniqueConstraint("subject", "key", name="purchases_key"),
        sa.CheckConstraint("outcome IN ('purchased', 'out-of-stock')", name="purchases_outcome"),
        sa.CheckConstraint("(outcome = 'purchased') = (item_version IS NOT NULL)", name="purchases_versioned"),
        *guards,
    )
    op.create_index(
        "purchases_item_version",
        "purchases",
        ["item_id", "item_version"],
        unique=True,
        postgresql_where=sa.text("outcome = 'purchased'"),
    )


def _restocks() -> None:
    op.create_table(
        "restocks",
        sa.Column("restock_id", postgresql.UUID, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("item_version", sa.BigInteger, nullable=False),
        sa.Column("stock_after", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.UniqueConstraint("subject", "key", name="restocks_key"),
        sa.UniqueConstraint("item_id", "item_version", name="restocks_item_version"),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
    )
    # Brin: answers arrive in the order of time, and only the pruner asks for it.
    op.create_index("answers_at", "answers", ["at"], postgresql_using="brin")
