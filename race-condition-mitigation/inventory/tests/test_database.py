"""A strategy runs on the database that was migrated for it, and on no other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from trivet_chassis import WrongDatabase
from trivet_inventory.bootstrap import build, migrate
from trivet_inventory.settings import Settings
from trivet_platform import Postgres


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Settings]:
    name = f"empty_{uuid.uuid4().hex[:12]}"
    yield Settings(database_url=postgres.create_database(name), strategy="advisory", lab="tests")
    postgres.drop_database(name)


def confirm(settings: Settings) -> None:
    async def scenario() -> None:
        inventory = build(settings)
        await inventory.database.open()
        try:
            await inventory.database.confirm()
        finally:
            await inventory.close()

    asyncio.run(scenario())


def test_a_database_without_tables_is_refused(empty: Settings) -> None:
    with pytest.raises(WrongDatabase, match="run trivet-inventory migrate"):
        confirm(empty)


def test_a_guarded_strategy_refuses_a_naive_database_and_the_other_way_round(settings_for: Any) -> None:
    naive, advisory = settings_for("naive"), settings_for("advisory")
    with pytest.raises(WrongDatabase, match="lacks the constraint"):
        confirm(replace(advisory, database_url=naive.database_url))
    with pytest.raises(WrongDatabase, match="has the constraint"):
        confirm(replace(naive, database_url=advisory.database_url))
    confirm(naive)
    confirm(advisory)


def test_redlock_refuses_a_sequence_that_could_go_back(settings_for: Any) -> None:
    redlock = settings_for("redlock")
    confirm(redlock)
    with psycopg.connect(redlock.database_url, autocommit=True) as connection:
        connection.execute("ALTER SEQUENCE item_fence CACHE 10")
        try:
            with pytest.raises(WrongDatabase, match="item_fence"):
                confirm(redlock)
        finally:
            connection.execute("ALTER SEQUENCE item_fence CACHE 1")


def test_replicas_that_migrate_at_once_both_find_it_done(empty: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate_alone, [empty.database_url] * 2))
    migrate(empty)
    confirm(empty)


def migrate_alone(url: str) -> None:
    """Migrate in a process of its own, as replicas do: Alembic keeps its context in globals."""
    code = "from trivet_inventory.migrations import migrate; import sys; migrate(sys.argv[1], constrained=True)"
    subprocess.run([sys.executable, "-c", code, url], check=True)
