"""The database of the checkouts that are measured, from who accepts the orders."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from trivet_order.migrations import migrate
from trivet_platform import Postgres

MARK = "accepted by the bench"
"""What the one statement says that is not a worker's."""
_ACCEPT = (Path(__file__).parent / "_accept_orders.sql").read_bytes()
_TICK_S = 0.01
_ACCEPTED = "SELECT replace(order_id::text, '-', ''), extract(epoch FROM created_at)::float8 FROM sagas"


class Till:
    """Accepts orders in bulk, over a connection of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._cursor = psycopg.RawCursor(connection)

    def accept(self, count: int) -> None:
        """Accept so many orders at once, in one commit."""
        self._cursor.execute(_ACCEPT, [count])

    def accept_known(self, count: int) -> float:
        """Accept so many, and let the planner know how large the tables are; return when that was about to commit.

        It would learn that in its own time, and the side that comes first would be measured without.
        """
        self._cursor.execute("BEGIN")
        self.accept(count)
        self._cursor.execute("ANALYZE orders, order_lines, sagas")
        at_s = time.monotonic()
        self._cursor.execute("COMMIT")
        return at_s

    def accept_evenly(self, per_s: float, seconds: float) -> tuple[int, float]:
        """Accept orders at a rate, a hundred times a second what is due, whatever becomes of them.

        Returns:
            how many, and how late the latest was accepted, in ms.
        """
        began_s, accepted, late_s = time.monotonic(), 0, 0.0
        while (since_s := time.monotonic() - began_s) < seconds:
            if (due := due_by(since_s, per_s)) > accepted:
                self.accept(due - accepted)
                late_s = max(late_s, time.monotonic() - began_s - (accepted + 1) / per_s)
                accepted = due
            time.sleep(max(0.0, _TICK_S - (time.monotonic() - began_s - since_s)))
        return accepted, late_s * 1000


def due_by(since_s: float, per_s: float) -> int:
    """Return how many orders are due so long after the first instant, at a rate."""
    return int(since_s * per_s)


class Orders:
    """The database, migrated."""

    def __init__(self, postgres: Postgres) -> None:
        self.url = postgres.create_database("order")
        migrate(self.url)

    @contextmanager
    def till(self, *, lazily: bool = False) -> Iterator[Till]:
        """Lend a till; of one whose commits are lazy none flushes the log."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            if lazily:
                connection.execute("SET synchronous_commit = off")
            yield Till(connection)

    def clear(self) -> None:
        """Forget every order; a checkpoint that is owed for them is done now."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("TRUNCATE orders, order_lines, outbox, sagas, saga_steps")
            connection.execute("CHECKPOINT")

    def accepted_at_s(self) -> dict[str, float]:
        """Return the time of day at which each order was accepted, by its hexadecimal id; its commit is later."""
        with psycopg.connect(self.url) as connection:
            return dict(psycopg.RawCursor(connection).execute(_ACCEPTED).fetchall())
