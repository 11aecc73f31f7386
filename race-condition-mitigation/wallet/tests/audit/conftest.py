from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trivet_platform.postgres import Postgres

KEEP_BOOKS = Path(__file__).with_name("keep_books.py")
_MAIN = "from trivet_wallet.entrypoints.cli import main; main()"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def wallet_command() -> Run:
    """Return what runs ``trivet-wallet`` on a database: exit status, stdout and stderr."""

    def run(database_url: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _MAIN, *words],
            env={"TRIVET_WALLET_DATABASE_URL": database_url},
            text=True,
            capture_output=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def right_books(postgres: Postgres, wallet_command: Run) -> Iterator[str]:
    """The name of a database whose books are right, to be copied."""
    name = f"books_{uuid.uuid4().hex[:12]}"
    url = postgres.create_database(name)
    migrated = wallet_command(url, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    kept = subprocess.run(
        [sys.executable, KEEP_BOOKS],
        env={"TRIVET_WALLET_DATABASE_URL": url},
        text=True,
        capture_output=True,
        check=False,
    )
    assert kept.returncode == 0, kept.stdout + kept.stderr
    yield name
    postgres.drop_database(name)


@pytest.fixture
def books(postgres: Postgres, right_books: str) -> Iterator[str]:
    """The address of right books of the test's own."""
    name = f"books_{uuid.uuid4().hex[:12]}"
    yield postgres.create_database(name, right_books)
    postgres.drop_database(name)
