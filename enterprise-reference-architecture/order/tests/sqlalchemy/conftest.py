"""Databases and units of work on PostgreSQL, in the test's own loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from trivet_order.adapters.sqlalchemy import Database, Limits, SqlAlchemyUnitsOfWork

Closing = list[Callable[[], Awaitable[None]]]
PATIENT: dict[str, int] = {
    "connections_max": 4,
    "pool_wait_ms": 10_000,
    "statement_timeout_ms": 10_000,
    "idle_in_transaction_timeout_ms": 10_000,
    "commit_timeout_ms": 10_000,
}


@pytest.fixture
def open_database(closing: Closing) -> Callable[..., Database]:
    """Return what opens a database by its URL; limits that a test does not name are patient."""

    def opened(url: str, **limits: Any) -> Database:
        database = Database(url, Limits(**PATIENT | limits), "tests")
        closing.append(database.close)
        return database

    return opened


@pytest.fixture
def database(open_database: Callable[..., Database], database_url: str) -> Database:
    return open_database(database_url)


@pytest.fixture
def units(database: Database) -> SqlAlchemyUnitsOfWork:
    return SqlAlchemyUnitsOfWork(database, lambda: None)
