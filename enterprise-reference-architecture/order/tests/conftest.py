"""Databases of the order for tests, each migrated, and gone with its module."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from trivet_order.migrations import migrate
from trivet_platform import Postgres


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    """Return the URL of a database of the module's own, migrated."""
    name = f"order_{uuid.uuid4().hex[:12]}"
    url = postgres.create_database(name)
    migrate(url)
    yield url
    postgres.drop_database(name)
