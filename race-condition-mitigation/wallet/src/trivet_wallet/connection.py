"""A connection to PostgreSQL that waits for no answer for ever, and knows what it is connected to.

Which race: the network swallows a request or its answer (a partition, a server that stands still), and TCP tells nobody
for minutes. Why this guard: every wait for the server has a deadline on this side too, after which the connection is
cut, so that a thread and its place in the pool come back. What was sent before may still happen: a COMMIT that ran
into the deadline is unknown, everything else is rolled back by the server when it notices the cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self, TypeVar

import psycopg
from psycopg.abc import PQGen

RV = TypeVar("RV")
Verify = Callable[[psycopg.Connection[Any]], None]


class _Pipeline(psycopg.Pipeline):
    """A pipeline that ends with its Sync.

    Which race: a process stands still inside a transaction, and others wait for its rows. The server ends it after
    idle_in_transaction_session_timeout, which it counts from a Sync and gives up at whatever comes next. psycopg sends
    a Flush behind its last Sync, so after a pipeline nothing would be counted. The Sync alone brings all results; a
    Flush is only needed if it was not sent. If this is lost, rows stay locked until the process goes on.
    """

    def _exit_gen(self) -> PQGen[None]:
        try:
            self._enqueue_sync()
            yield from self._communicate_gen()
        finally:
            yield from self._fetch_gen(flush=bool(self.command_queue))


class BoundedConnection(psycopg.Connection[Any]):
    """Cuts itself when an answer does not come within ``answer_timeout_s``; is verified when it is made."""

    answer_timeout_s: ClassVar[float]
    verify: ClassVar[Verify]

    @classmethod
    def connect(cls, *arguments: Any, **options: Any) -> Self:
        """Connect, and look that the database is the right one."""
        made = super().connect(*arguments, **options)
        try:
            cls.verify(made)
        except BaseException:
            made.close()
            raise
        return made

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """Send statements without waiting in between; on leaving, all were answered."""
        if self._pipeline is None:
            self._pipeline = _Pipeline(self)
        with super().pipeline() as pipeline:
            yield pipeline

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for an answer.

        Raises:
            psycopg.OperationalError: It did not come in time; the connection is closed.
        """
        try:
            return super().wait(gen, interval, timeout or self.answer_timeout_s)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.answer_timeout_s:g} s") from error


def nothing_to_verify(connection: psycopg.Connection[Any]) -> None:
    """Take any database: who migrates it makes it the right one."""


def connection_class(answer_timeout_ms: int, verify: Verify) -> type[BoundedConnection]:
    """Return the class of a process's connections."""
    own = {"answer_timeout_s": answer_timeout_ms / 1000, "verify": staticmethod(verify)}
    return type("ProcessConnection", (BoundedConnection,), own)
