"""What gets in a service's way on purpose: a lock that somebody else holds, a database that is away, a signal."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from trivet_platform import Program

PATIENCE_S = 15.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Ask again and again until the condition holds; fail with ``what`` it was when it does not in time."""
    deadline = time.monotonic() + PATIENCE_S
    between_two_looks = threading.Event()
    while not condition():
        between_two_looks.wait(0.01)
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:g} s in vain until {what}"


@contextmanager
def blocked(database_url: str, lock: str) -> Iterator[Callable[[], None]]:
    """Hold what a statement locks, until the end of the block; yield what waits for somebody to run into it."""
    with (
        psycopg.connect(database_url) as holder,
        psycopg.connect(database_url, autocommit=True) as observer,
    ):
        # A row, or a whole table: LOCK TABLE counts no rows, and raises if it locks nothing.
        assert holder.execute(lock.encode()).rowcount in {1, -1}, f"locks nothing: {lock}"
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"

        def somebody_waits() -> bool:
            row = observer.execute(waiting, [holder.info.backend_pid]).fetchone()
            return row is not None and row[0] > 0

        yield lambda: until(somebody_waits, f"a request waits for {lock}")
        holder.rollback()


@contextmanager
def without_database(database_url: str) -> Iterator[None]:
    """Cut every session of a database and let no new one in, until the end of the block."""
    parts = urlsplit(database_url)
    name = parts.path.removeprefix("/")
    elsewhere = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(elsewhere, autocommit=True) as admin:

        def allow(answer: str) -> None:
            statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(statement.format(sql.Identifier(name), sql.SQL(answer)))

        def nobody_is_left() -> bool:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            return not admin.execute(cut, [name]).fetchall()

        allow("false")
        try:
            until(nobody_is_left, f"every session of {name} is cut")
            yield
        finally:
            allow("true")


def terminate(program: Program) -> None:
    """Ask a program to end, as an orchestrator does, and do not wait."""
    os.kill(program.pids[0], signal.SIGTERM)


def wait_until_ended(program: Program) -> None:
    """Wait until nothing of a program is alive."""
    until(lambda: not program.pids, f"{program.name} has ended")
