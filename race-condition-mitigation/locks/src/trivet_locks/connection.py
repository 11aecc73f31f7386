"""What is asked of a PostgreSQL driver, so that no driver is imported here."""

from typing import Any, Protocol


class Fetcher(Protocol):
    """Whatever can fetch one value: all that drawing a fence needs."""

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Execute `query` with `$1 …` placeholders; the first column of the first row, or None."""


class Connection(Fetcher, Protocol):
    """One PostgreSQL connection: asyncpg's `Connection` fits as it is, psycopg's by `PsycopgConnection`."""

    def is_in_transaction(self) -> bool:
        """Whether the server reports an open transaction block."""


class PsycopgConnection:
    """psycopg's `AsyncConnection` in the shape of `Connection`."""

    def __init__(self, connection: Any) -> None:
        """`connection` is a psycopg.AsyncConnection, without autocommit or inside `connection.transaction()`."""
        self._connection = connection

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Execute by psycopg's raw cursor, which takes PostgreSQL's own `$1` placeholders."""
        from psycopg import AsyncRawCursor  # noqa: PLC0415  - whoever has such a connection has the driver; others need not

        async with AsyncRawCursor(self._connection) as cursor:
            await cursor.execute(query, args)
            row = await cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def is_in_transaction(self) -> bool:
        """True inside a block; psycopg opens one at the first statement unless autocommit is on."""
        from psycopg.pq import TransactionStatus  # noqa: PLC0415  - as above

        status = self._connection.info.transaction_status
        idle = status in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)
        return not idle or not self._connection.autocommit
