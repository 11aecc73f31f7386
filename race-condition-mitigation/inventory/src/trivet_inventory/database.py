"""The only door to PostgreSQL: a bounded pool, and units of work that know what they do not know."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from trivet_chassis import CONNECT_DEADLINE_S, Door, Transaction, Unavailable, WrongDatabase, tell_failure
from trivet_inventory.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Verify: TypeAlias = Callable[["asyncpg.Connection[asyncpg.Record]"], Coroutine[Any, Any, None]]

# What a driver raises when a server fails. InternalClientError is among them: asyncpg's own state machine trips when a
# server says goodbye at the moment at which a statement is being sent.
_DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_AWAY = "the database cannot be reached"
_CLOSE_DEADLINE_S = 5.0
_LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError)


@dataclass(frozen=True)
class Limits:
    """How long and how much: the bounds of every wait for the database."""

    connections_max: int
    pool_wait_ms: int
    statement_timeout_ms: int
    idle_in_transaction_timeout_ms: int
    commit_timeout_ms: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings name."""
        return cls(
            settings.pool_connections_max,
            settings.pool_wait_ms,
            settings.statement_timeout_ms,
            settings.idle_in_transaction_timeout_ms,
            settings.commit_timeout_ms,
        )


class Unit(Transaction):
    """One transaction, and the connection that it is alone on."""

    def __init__(self, connection: PoolConnectionProxy[asyncpg.Record], commit_timeout_ms: int) -> None:
        super().__init__(connection, commit_timeout_ms, _LOST)
        self.connection = connection


class Database:
    """A bounded pool. Every connection is verified when it is made, so a replaced database is noticed too."""

    def __init__(self, url: str, limits: Limits, verify: Verify, name: str = "trivet-inventory") -> None:
        self._limits = limits
        self._door = Door(limits.connections_max, limits.pool_wait_ms)
        self._connect = functools.partial(
            asyncpg.create_pool,
            url,
            min_size=0,
            max_size=limits.connections_max,
            init=verify,
            reset=_keep,
            command_timeout=limits.statement_timeout_ms / 1000 + 1,
            server_settings={
                "application_name": name,
                "default_transaction_isolation": "read committed",
                "statement_timeout": str(limits.statement_timeout_ms),
                "idle_in_transaction_session_timeout": str(limits.idle_in_transaction_timeout_ms),
                "jit": "off",
            },
        )
        self._pool: asyncpg.Pool[asyncpg.Record]

    async def open(self) -> None:
        """Make the pool, on the running event loop.

        A database that is away is no error here: every request says so itself, and serves again when it is back.
        """
        self._pool = await self._connect()

    async def close(self) -> None:
        """Close every connection; one that is still in use after a while is cut, so that a process can end."""
        try:
            async with asyncio.timeout(_CLOSE_DEADLINE_S):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def connections(self) -> tuple[int, int]:
        """Return how many connections are in use and how many are idle."""
        idle = self._pool.get_idle_size()
        return self._pool.get_size() - idle, idle

    async def blocker(self) -> str | None:
        """Return what keeps the database from serving, None if nothing.

        A pool that is fully in use is no outage: a replica that called itself unready for being busy would only push
        its load on the others, until none is left.
        """
        used, _ = self.connections()
        if used >= self._limits.connections_max:
            return None
        try:
            await self.read("SELECT 1")
        except Unavailable as error:
            return error.detail
        return None

    async def confirm(self) -> None:
        """Verify the database now, so that a wrong one is refused at start and not at the first request.

        Raises:
            WrongDatabase: It is not what the strategy wants.
            Unavailable: It cannot be reached, which may pass.
        """
        try:
            await self.read("SELECT 1")
        except Unavailable as error:
            if isinstance(error.__cause__, WrongDatabase):
                raise error.__cause__ from None
            raise

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """Open a transaction; it lasts only if ``commit`` is called on it and returns.

        Raises:
            Unavailable: definite, if no connection was free in time or the server failed before COMMIT was sent.
        """
        connection = await self._acquire()
        unit = Unit(connection, self._limits.commit_timeout_ms)
        try:
            try:
                await unit.begin()
                yield unit
            finally:
                await unit.end()
        except _DRIVER_ERRORS as error:
            unit.tell(error)
            raise
        finally:
            await self._release(connection)

    async def read(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one reading statement.

        Raises:
            Unavailable: definite; nothing was changed in any case.
        """
        connection = await self._acquire()
        try:
            return await connection.fetch(query, *arguments)
        except _DRIVER_ERRORS as error:
            tell_failure(error)
            raise
        finally:
            await self._release(connection)

    async def _acquire(self) -> PoolConnectionProxy[asyncpg.Record]:
        await self._door.enter()
        try:
            return await self._connection()
        except BaseException:
            self._door.leave()
            raise

    async def _connection(self) -> PoolConnectionProxy[asyncpg.Record]:
        """Return an idle connection or make one: who has a place never waits for another's.

        Which race: of two who see one idle connection the second would connect, at a door that is shut and unknown to
        it. Why looking first is guard enough: the pool hands out an idle one before anybody else has his turn. If it
        did not, connects would begin that the door does not count.
        """
        idle = self._pool.get_idle_size()
        if self._door.is_shut and not idle:
            raise Unavailable(_AWAY, definite=True)
        try:
            with contextlib.nullcontext() if idle else self._door.knock():
                return await self._pool.acquire(timeout=CONNECT_DEADLINE_S)
        except WrongDatabase as error:
            raise Unavailable(str(error), definite=True) from error
        except _DRIVER_ERRORS as error:
            raise Unavailable(_AWAY, definite=True) from error

    async def _release(self, connection: PoolConnectionProxy[asyncpg.Record]) -> None:
        try:
            # A connection that is lost at this very moment was taken back by the pool itself, which then says so.
            with contextlib.suppress(asyncpg.InternalClientError):
                await self._pool.release(connection)
        finally:
            self._door.leave()


async def _keep(_: Any) -> None:
    """Do nothing on release: no session state is ever set, so asyncpg's RESET would be a round trip for nothing."""
