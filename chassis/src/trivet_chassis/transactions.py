"""One transaction of PostgreSQL through an asynchronous driver, and what is known of it when it fails.

Which race: between sending COMMIT and reading its answer the connection may be cut, the server killed, or the wait
for synchronous standbys cancelled. The transaction may then have happened or not, and no error tells which. So an
error *before* COMMIT was sent is definite (the server rolls back what nobody committed), and every error *during*
COMMIT is unknown and says so (``definite: false``). Without this line a caller would be told "failed" of what was
done, and would do it again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from .errors import Unavailable

# SQLSTATE classes of a server that is away, full, shutting down or in someone's hands; 25006 is a read-only server.
_TRANSIENT = ("08", "40", "53", "55", "57", "58", "25006", "25P03")
_ROLLBACK_DEADLINE_S = 1.0
_log = structlog.get_logger("trivet.database")


class DriverConnection(Protocol):
    """A connection of asyncpg, as far as a transaction's beginning and end need it."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109  - asyncpg's name
        """Run a statement and return its command tag."""

    def add_log_listener(self, callback: Callable[[Any, Any], Any]) -> None:
        """Have the server's notices told."""

    def remove_log_listener(self, callback: Callable[[Any, Any], Any]) -> None:
        """Have them told no more."""

    def is_closed(self) -> bool:
        """Whether it is gone."""

    def is_in_transaction(self) -> bool:
        """Whether a transaction is open on it."""

    def terminate(self) -> None:
        """Cut it."""


class Transaction:
    """One transaction at READ COMMITTED. Whatever is not committed when it ends is rolled back.

    Args:
        driver: the connection that it is alone on.
        commit_timeout_ms: how long the answer to COMMIT is waited for.
        lost: what the driver raises of a connection that was lost.
    """

    def __init__(self, driver: DriverConnection, commit_timeout_ms: int, lost: tuple[type[Exception], ...]) -> None:
        self._driver = driver
        self._commit_timeout_s = commit_timeout_ms / 1000
        self._lost = lost
        self._commit_sent = False

    async def begin(self) -> None:
        """Begin it."""
        await self._driver.execute("BEGIN")

    async def commit(self) -> None:
        """Commit, and return only if the server said so without reservation.

        Raises:
            Unavailable: definite if the server answered that it rolled back; not definite after a warning: with
                synchronous standbys PostgreSQL turns a cancelled wait into a *warning* on a successful COMMIT
                (SyncRepWaitForLSN in syncrep.c), which is no promise of durability.
            Exception: The driver's error, a cut or a timeout; :meth:`tell` tells it as unknown.
        """
        warnings: list[str] = []

        def listen(_: object, message: object) -> None:
            if getattr(message, "severity_en", None) == "WARNING":
                warnings.append(str(getattr(message, "message", "")))

        self._driver.add_log_listener(listen)
        self._commit_sent = True
        try:
            tag = await self._driver.execute("COMMIT", timeout=self._commit_timeout_s)
        except BaseException:
            # Whatever the server still says of it goes to nobody: the connection is never used again.
            self._discard()
            raise
        self._driver.remove_log_listener(listen)
        if tag != "COMMIT":
            raise Unavailable("the database rolled the transaction back", definite=True)
        if warnings:
            _log.warning("commit unknown", warnings=warnings)
            raise Unavailable("COMMIT came back with a warning: it may not last", definite=False)

    async def end(self) -> None:
        """Roll back what is open; a connection that cannot even do that is thrown away."""
        try:
            if self._driver.is_closed() or not self._driver.is_in_transaction():
                return
            await self._driver.execute("ROLLBACK", timeout=_ROLLBACK_DEADLINE_S)
        except self._lost:
            self._discard()  # lost, as a rule: the pool took it back, and the server rolls back by itself
        except BaseException:
            self._discard()
            raise

    def tell(self, error: Exception) -> None:
        """Raise the driver's error as ours; return if it is a defect of this program, to be raised as it is.

        Raises:
            Unavailable: definite, if COMMIT was not sent.
        """
        if self._commit_sent:
            _log.warning("commit unknown", error=repr(error))
            raise Unavailable("the answer to COMMIT did not come: it may have happened", definite=False) from error
        tell_failure(error)

    def _discard(self) -> None:
        """Cut the connection; the pool makes another."""
        with contextlib.suppress(*self._lost):  # it was lost, and the pool knows
            self._driver.terminate()


def tell_failure(error: Exception) -> None:
    """Raise what a driver said outside of COMMIT as ours; return if it is a defect of this program.

    Raises:
        Unavailable: definite; nothing was changed in any case.
    """
    state = getattr(error, "sqlstate", None)
    if isinstance(error, ValueError):  # an argument that the driver could not send
        return
    if state is not None and not state.startswith(_TRANSIENT):
        return
    _log.warning("database failed before commit", error=repr(error))
    raise Unavailable("the database failed before COMMIT was sent: nothing happened", definite=True) from error
