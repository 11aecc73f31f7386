"""What an order asks of PostgreSQL, as the server itself counts it: statements, and flushes of its WAL."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
from _shop import Customers, Shop

from trivet_lab.bench import BenchError
from trivet_platform import Issuer, Postgres, Supervisor

EXTENSION = "pg_stat_statements"
_RESET = "SELECT count(*) FROM pg_stat_statements_reset()"
# BEGIN and COMMIT are of every transaction, and no statement that its author chose.
_STATEMENTS = """
SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
WHERE toplevel AND dbid = (SELECT oid FROM pg_database WHERE datname = 'order') AND query !~* '^(BEGIN|COMMIT)'
  AND position(%s IN query) = 0
"""
# Whoever waits for its commit flushes by itself or finds that another one has done it: each flush is counted once.
_FLUSHES = "SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal' AND context = 'normal'"
_OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_PATIENCE_S = 30.0
_POLL_S = 0.02


@dataclass(frozen=True)
class Counted:
    """What so many orders took."""

    orders: int
    statements_an_order: float
    flushes_an_order: float


class Books:
    """What a server counts; it counts for them alone, since that costs each statement a little."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.postgres = Postgres("postgres-counting", {"shared_preload_libraries": EXTENSION})
        supervisor.start(self.postgres)
        with psycopg.connect(self.postgres.url()) as connection:
            connection.cursor().execute(f"CREATE EXTENSION {EXTENSION}".encode())

    def reset(self) -> None:
        """Count statements from now on."""
        self._asked(_RESET)

    def statements(self, but: str = "-- nobody's") -> int:
        """Return how many there were in the order's database, without those that say something."""
        return self._asked(_STATEMENTS, but)

    def flushes(self) -> int:
        """Return how often the log was flushed, once nobody is connected any more.

        A server process publishes its flushes about once a second and when it ends.

        Raises:
            BenchError: somebody stays.
        """
        until = time.monotonic() + _PATIENCE_S
        while self._asked(_OTHERS):
            if time.monotonic() > until:
                raise BenchError("somebody is still connected: their flushes are not counted yet")
            time.sleep(_POLL_S)
        return self._asked(_FLUSHES)

    def _asked(self, sql: str, *arguments: str) -> int:
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            found = connection.cursor().execute(sql.encode(), arguments or None).fetchone()
            return int(found[0]) if found else 0


class Counter:
    """One replica's life at a time, on a server that counts."""

    def __init__(self, supervisor: Supervisor, issuer: Issuer, customers: Customers) -> None:
        self._customers = customers
        self._books = Books(supervisor)
        self._shop = Shop(supervisor, self._books.postgres, issuer)

    def count(self, connections: int, seconds: float) -> Counted:
        """Let a new replica accept orders, and return what they took.

        What a connection says once is said by orders that only the flushes are counted of.
        """
        flushes = self._books.flushes()
        with self._shop.running("api") as url:
            first = self._customers.press(url, connections, seconds / 4)
            self._books.reset()
            sent = self._customers.press(url, connections, seconds)
            statements = self._books.statements()
        orders = sent.statuses["202"]
        flushes = self._books.flushes() - flushes
        return Counted(orders, statements / orders, flushes / (orders + first.statuses["202"]))
