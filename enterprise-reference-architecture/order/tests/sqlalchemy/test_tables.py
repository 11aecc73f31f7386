"""What the adapters say of the tables is what the migration made."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import psycopg.sql
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from trivet_order.adapters.sqlalchemy.sharding import SHARDS, shard_of
from trivet_order.adapters.sqlalchemy.tables import metadata
from trivet_order.migrations import migrate
from trivet_platform import Postgres


def test_the_migration_makes_the_tables_that_the_adapters_speak_of(database_url: str) -> None:
    engine = sa.create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_every_shard_has_its_lease(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for leases in ("outbox_leases", "saga_leases"):
            told = psycopg.sql.SQL("SELECT shard FROM {} ORDER BY shard").format(psycopg.sql.Identifier(leases))
            rows = connection.execute(told).fetchall()
            assert [shard for (shard,) in rows] == list(range(SHARDS))


def test_checkouts_of_before_are_where_their_orders_are(postgres: Postgres) -> None:
    """Of the shape that knew no workers: whatever was not cancelled at once has not begun."""
    url = postgres.create_database("order_of_before")
    migrate(url, "0001")
    ids = [uuid4() for _ in range(20)]
    with psycopg.connect(url) as connection:
        for number, order_id in enumerate(ids):
            status, reason = ("Order Cancelled", "no") if number % 2 else ("Order Created", None)
            connection.execute(
                "INSERT INTO orders (id, customer_id, account_id, status, version, cancel_reason) "
                "VALUES (%s, 'c', 'a', %s, 1, %s)",
                [order_id, status, reason],
            )
            connection.execute("INSERT INTO sagas (order_id, state) VALUES (%s, 'begin')", [order_id])
    migrate(url)
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT order_id, shard, state, due_at IS NULL, reason FROM sagas").fetchall()
    assert sorted(rows) == sorted(
        (order_id, shard_of(order_id), *(("cancelled", True, "no") if number % 2 else ("created", False, None)))
        for number, order_id in enumerate(ids)
    )
    postgres.drop_database("order_of_before")


def test_replicas_that_migrate_at_once_both_find_it_done(postgres: Postgres) -> None:
    url = postgres.create_database("order_at_once")
    code = "from trivet_order.migrations import migrate; import sys; migrate(sys.argv[1])"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: subprocess.run([sys.executable, "-c", code, url], check=True), range(2)))
    migrate(url)
    postgres.drop_database("order_at_once")
