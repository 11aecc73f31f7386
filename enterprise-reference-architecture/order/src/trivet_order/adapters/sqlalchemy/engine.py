"""The only door to PostgreSQL: a bounded pool, and transactions that know what they do not know.

For SQLAlchemy every connection is in autocommit, so that it never says BEGIN, COMMIT or ROLLBACK by itself: those are
said by the :class:`trivet_chassis.Transaction` of a unit, which knows after a failure whether COMMIT was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from trivet_chassis import CONNECT_DEADLINE_S, Door, Transaction, Unavailable, WrongDatabase, tell_failure
from trivet_order.application import StoreUnavailable

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# What a driver raises when a server fails. InternalClientError is among them: asyncpg's own state machine trips when a
# server says goodbye at the moment at which a statement is being sent.
_DRIVER_ERRORS = (
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError)
_AWAY = "the database cannot be reached"
_CLOSE_DEADLINE_S = 5.0
_MIGRATED = "SELECT to_regclass('saga_steps') IS NOT NULL"


@dataclass(frozen=True)
class Limits:
    """How long and how much: the bounds of every wait for the database."""

    connections_max: int
    pool_wait_ms: int
    statement_timeout_ms: int
    idle_in_transaction_timeout_ms: int
    commit_timeout_ms: int


class Unit(Transaction):
    """One transaction, and the session that speaks in it."""

    def __init__(self, session: AsyncSession, driver: Driver, commit_timeout_ms: int) -> None:
        super().__init__(driver, commit_timeout_ms, _LOST)
        self.session = session

    async def commit(self) -> None:
        """Make it last.

        Raises:
            StoreUnavailable: definite only if the server answered that it rolled back.
        """
        with _ours():
            try:
                await super().commit()
            except _DRIVER_ERRORS as error:
                self.tell(error)
                raise


class Database:
    """A bounded pool. Every connection is verified when it is made, so a replaced database is noticed too."""

    def __init__(self, url: str, limits: Limits, name: str, parameters: Mapping[str, str] | None = None) -> None:
        """Connect to nothing yet.

        Args:
            url: PostgreSQL, as asyncpg spells it.
            limits: the bounds of every wait.
            name: what the server's list of its connections says of this one.
            parameters: what else every connection tells the server of itself.
        """
        self._url = url
        self._limits = limits
        self._name = name
        self._parameters = dict(parameters or {})
        self._door = Door(limits.connections_max, limits.pool_wait_ms)
        self._engine = self._make_engine()

    async def close(self) -> None:
        """Close every connection; what does not close after a while is left to the end of the process."""
        try:
            async with asyncio.timeout(_CLOSE_DEADLINE_S):
                await self._engine.dispose()
        except TimeoutError:
            pass

    def connections(self) -> tuple[int, int]:
        """Return how many connections are in use and how many are idle."""
        pool = cast("AsyncAdaptedQueuePool", self._engine.pool)
        return pool.checkedout(), pool.checkedin()

    async def blocker(self) -> str | None:
        """Return what keeps the database from serving, None if nothing.

        A pool that is fully in use is no outage: a replica that called itself unready for being busy would only push
        its load on the others, until none is left.
        """
        used, _ = self.connections()
        if used >= self._limits.connections_max:
            return None
        try:
            await self._look()
        except StoreUnavailable as error:
            return str(error)
        return None

    async def confirm(self) -> None:
        """Verify the database now, so that a wrong one is refused at start and not at the first request.

        Raises:
            WrongDatabase: It was not migrated.
            StoreUnavailable: It cannot be reached, which may pass.
        """
        try:
            await self._look()
        except StoreUnavailable as error:
            if isinstance(error.__cause__, WrongDatabase):
                raise error.__cause__ from None
            raise

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """Open a transaction; it lasts only if ``commit`` is called on it and returns.

        Raises:
            StoreUnavailable: not definite if COMMIT was sent and its answer did not come; definite, if no connection
                was free in time or the server failed before that.
        """
        async with self._session() as (session, driver):
            unit = Unit(session, driver, self._limits.commit_timeout_ms)
            try:
                try:
                    await unit.begin()
                    yield unit
                finally:
                    await unit.end()
            except _DRIVER_ERRORS as error:
                with _ours():
                    unit.tell(_said(error))
                raise

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Lend a session outside of any transaction, for statements that read and need nothing of one another.

        Raises:
            StoreUnavailable: definite; nothing was changed in any case.
        """
        async with self._session() as (session, _):
            try:
                yield session
            except _DRIVER_ERRORS as error:
                with _ours():
                    tell_failure(_said(error))
                raise

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Driver]:
        """Lend a connection for one statement that is a transaction of its own.

        A commit that came back with a warning is no promise (see :class:`trivet_chassis.Transaction`).

        Raises:
            StoreUnavailable: not definite, once there was a connection: the statement may have happened.
        """
        async with self._session() as (_, driver):
            warnings: list[str] = []

            def listen(_: object, message: object) -> None:
                if getattr(message, "severity_en", None) == "WARNING":
                    warnings.append(str(getattr(message, "message", "")))

            driver.add_log_listener(listen)
            try:
                yield driver
            except _DRIVER_ERRORS as error:
                try:
                    tell_failure(_said(error))
                except Unavailable:
                    raise StoreUnavailable("the database failed: it may have happened", definite=False) from error
                raise
            finally:
                driver.remove_log_listener(listen)
            if warnings:
                raise StoreUnavailable(f"it may not last: {warnings[0]}", definite=False)

    async def _look(self) -> None:
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[tuple[AsyncSession, Driver]]:
        """Take a place and a connection; whoever has a place never waits for another's."""
        with _ours():
            await self._door.enter()
        try:
            connection = await self._connection()
            try:
                driver = (await connection.get_raw_connection()).driver_connection
                async with AsyncSession(connection, expire_on_commit=False, autoflush=False) as session:
                    yield session, cast("Driver", driver)
            finally:
                await connection.close()
        finally:
            self._door.leave()

    async def _connection(self) -> AsyncConnection:
        try:
            return await self._engine.connect()
        except (Unavailable, WrongDatabase) as error:
            raise StoreUnavailable(str(error), definite=True) from error
        except _DRIVER_ERRORS as error:
            raise StoreUnavailable(_AWAY, definite=True) from error

    def _make_engine(self) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            isolation_level="AUTOCOMMIT",
            poolclass=AsyncAdaptedQueuePool,
            pool_size=self._limits.connections_max,
            max_overflow=0,
            pool_use_lifo=True,
            pool_reset_on_return=None,  # the unit has ended what it began, and a session sets nothing else
        )
        event.listen(engine.sync_engine, "checkout", _refuse_the_lost)
        return engine

    async def _connect(self) -> Driver:
        """Connect, and look at what is there; nobody does at a door that is shut."""
        if self._door.is_shut:
            raise Unavailable(_AWAY, definite=True)
        with self._door.knock():
            made = await asyncpg.connect(
                self._url,
                timeout=CONNECT_DEADLINE_S,
                command_timeout=self._limits.statement_timeout_ms / 1000 + 1,
                server_settings={
                    "application_name": self._name,
                    "default_transaction_isolation": "read committed",
                    "statement_timeout": str(self._limits.statement_timeout_ms),
                    "idle_in_transaction_session_timeout": str(self._limits.idle_in_transaction_timeout_ms),
                    "jit": "off",
                    **self._parameters,
                },
            )
            try:
                await _verify(made)
            except BaseException:
                made.terminate()
                raise
            return made


async def _verify(connection: Driver) -> None:
    if not await connection.fetchval(_MIGRATED):
        raise WrongDatabase("the database has no tables yet: run trivet-order migrate")


def _refuse_the_lost(connection: Any, *_: object) -> None:
    """Have the pool replace a connection that was lost while it was idle: its next user need not find that out."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the connection was lost while it was idle")


@contextmanager
def _ours() -> Iterator[None]:
    """Tell what the chassis says of a database in the words of the ports."""
    try:
        yield
    except Unavailable as error:
        raise StoreUnavailable(error.detail, definite=error.definite) from (error.__cause__ or error)


def _said(error: Exception) -> Exception:
    """Return what the driver itself said, which SQLAlchemy wraps twice."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
        inner = error.orig.__cause__
        return inner if isinstance(inner, Exception) else error.orig
    return error
