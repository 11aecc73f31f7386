"""What the adapters say of the tables is what the migration made."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from trivet_order.adapters.sqlalchemy.sharding import SHARDS
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
        rows = connection.execute("SELECT shard FROM outbox_leases ORDER BY shard").fetchall()
    assert [shard for (shard,) in rows] == list(range(SHARDS))


def test_replicas_that_migrate_at_once_both_find_it_done(postgres: Postgres) -> None:
    url = postgres.create_database("order_at_once")
    code = "from trivet_order.migrations import migrate; import sys; migrate(sys.argv[1])"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: subprocess.run([sys.executable, "-c", code, url], check=True), range(2)))
    migrate(url)
    postgres.drop_database("order_at_once")
