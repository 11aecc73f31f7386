"""A transaction's conversation with PostgreSQL, several statements to a round trip where none needs another's answer.

Each statement still runs by itself, in order, with a snapshot of its own (libpq's pipeline mode, PostgreSQL manual
§32.5): what saves the time is that nobody waits in between. A look-up that follows a lock in one pipeline sees what the
lock's former holder committed, exactly as it would alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg


class Reply:
    """What one statement will have answered; it is waited for when it is first looked at."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows."""
        return self._cursor.fetchall()

    @property
    def count(self) -> int:
        """How many rows it changed; known once its pipeline has ended, and below 0 if it was not run."""
        return self._cursor.rowcount


class Session:
    """Says statements on one connection, inside a transaction that somebody else begins and ends."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is said in this block without waiting in between; at its end everything has been answered.

        Raises:
            psycopg.Error: The first statement that failed; those after it were not run.
        """
        with self._connection.pipeline():
            yield

    def mark(self) -> None:
        """Remember this place in the transaction."""
        self.say("SAVEPOINT page")

    def undo(self) -> None:
        """Undo all that was done since the mark, and let go of the rows that were locked since then."""
        self.say("ROLLBACK TO SAVEPOINT page")

    def say(self, statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Reply:
        """Say one statement."""
        cursor = self._connection.cursor()
        cursor.execute(statement, parameters)
        return Reply(cursor)
