"""One transaction at a time: what is known of one that failed, and beginning again after one that met another.

Which race: between sending COMMIT and reading its answer the connection may be cut, the server killed, or the wait
for synchronous standbys cancelled. The transaction may then have happened or not, and no error tells which. So an error
*before* COMMIT was sent is definite (the server rolls back what nobody committed), and an error *during* COMMIT is
unknown and says so (``definite: false``), unless the server itself answered that it rolled back. Without this line a
caller would be told "failed" of money that was moved, and would move it again.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
import structlog
from django.db import Error, connection, transaction
from psycopg.pq import TransactionStatus

from trivet_chassis import Unavailable
from trivet_wallet.errors import LockIsBusy, Met
from trivet_wallet.ledger.kinds import GUARDS
from trivet_wallet.metrics import Metrics
from trivet_wallet.session import Session

T = TypeVar("T")
UNIQUE_VIOLATION = "23505"
_MET = {"40001": "serialization", "40P01": "deadlock", UNIQUE_VIOLATION: "duplicate"}
DRIVER_ERRORS = (psycopg.Error, Error)
"""psycopg's own errors, and Django's around them."""
_CHECK_VIOLATION = "23514"
GUARD = "guard"
_LOCK_NOT_AVAILABLE = "55P03"
# SQLSTATE classes of a server that is away, full, shutting down or in someone's hands; 25006 is a read-only server.
_TRANSIENT = ("08", "53", "57", "58", "25006", "25P03")
_ROLLED_BACK = ("23", "40")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.002, 0.1
_log = structlog.get_logger("trivet.database")


def _wait(seconds: float) -> None:
    """Wait for so long; not by time.sleep, which fails under the clock that a lab sets (libfaketime's issue 426)."""
    threading.Event().wait(seconds)


class Transactions:
    """Runs work in transactions at READ COMMITTED on a connection of the pool, which goes back at each one's end."""

    def __init__(
        self,
        attempts_max: int,
        metrics: Metrics,
        wait: Callable[[float], None] = _wait,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._attempts_max = attempts_max
        self._metrics = metrics
        self._wait = wait
        self._chance = chance

    def run(self, work: Callable[[Session], T]) -> T:
        """Do the work and commit; whole again, after a random wait, if it met another transaction.

        What a guard of the database refuses was decided on a row that somebody has changed since, or is a defect: to
        begin again tells which.

        The wait is a random share of a doubling time (full jitter: Brooker, *Exponential Backoff And Jitter*, AWS
        Architecture Blog, 2015): those who met must not meet again.

        Args:
            work: Given the session; it must leave nothing behind in the process when it is undone.

        Raises:
            LockIsBusy: It met others every time, or waited for a lock in vain; nothing happened.
            Unavailable: definite, if the database failed before COMMIT was sent; else what happened is unknown.
        """
        guarded = 0
        for attempt in range(1, self._attempts_max + 1):
            try:
                return self.once(work)
            except Met as met:
                guarded += met.reason == GUARD
                if guarded == self._attempts_max:  # nobody was in the way: what is decided is wrong
                    raise met.__cause__ or met from None
                if attempt == self._attempts_max:
                    sentence = f"others were at the same money {attempt} times in a row"
                    raise LockIsBusy(sentence) from met
                self._wait(self._chance() * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (attempt - 1)))
        raise AssertionError("a transaction is tried at least once")

    def read(self, work: Callable[[Session], T]) -> T:
        """Do reading work of one statement, outside of any transaction.

        Raises:
            Unavailable: definite; nothing was changed in any case.
        """
        try:
            connection.ensure_connection()
            return work(Session(connection.connection))
        except DRIVER_ERRORS as error:
            _translate(error)
            raise
        finally:
            _give_back()

    def once(self, work: Callable[[Session], T]) -> T:
        """Do the work and commit, in one attempt.

        Raises:
            Met: It met another transaction and was rolled back.
            LockIsBusy, Unavailable: As ``run``.
            psycopg.Error: The database refused what it was given.
        """
        try:
            return self._once(work)
        except Met as met:
            self._metrics.met(met.reason)
            raise

    def _once(self, work: Callable[[Session], T]) -> T:
        raw: psycopg.Connection[Any] | None = None
        warnings = _Warnings()
        try:
            with transaction.atomic(durable=True):
                done = work(Session(connection.connection))
                if connection.connection.info.transaction_status == TransactionStatus.INERROR:
                    raise Unavailable("the transaction had failed before COMMIT: nothing happened", definite=True)
                raw = connection.connection
                raw.add_notice_handler(warnings)
        except DRIVER_ERRORS as error:
            if raw is not None and not sqlstate(error).startswith(_ROLLED_BACK):
                _log.warning("commit unknown", error=repr(error))
                raise Unavailable("the answer to COMMIT did not come: it may have happened", definite=False) from error
            _translate(error)
            raise
        finally:
            if raw is not None:
                raw.remove_notice_handler(warnings)
            _give_back()
        if warnings.heard:
            _log.warning("commit unknown", warnings=warnings.heard)
            raise Unavailable("COMMIT came back with a warning: it may not last", definite=False)
        return done


class _Warnings:
    """What the server warns of during COMMIT.

    With synchronous standbys PostgreSQL turns a cancelled wait into a *warning* on a successful COMMIT
    (SyncRepWaitForLSN in syncrep.c), which is no promise of durability.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self.heard.append(notice.message_primary or "")


def _give_back() -> None:
    """Give the connection back to the pool; one that is lost is thrown away there."""
    try:
        connection.close()
    except Error:  # it was lost, and the pool knows
        connection.connection = None


def sqlstate(error: BaseException) -> str:
    """Return what the server said of an error, psycopg's own or wrapped by Django; empty if it said nothing."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return (cause.sqlstate or "") if isinstance(cause, psycopg.Error) else ""


def _constraint(error: BaseException) -> str | None:
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None


def _translate(error: Exception) -> None:
    """Raise the driver's error as ours; return if it is a defect of this program, to be raised as it is."""
    state = sqlstate(error)
    if state in _MET:
        raise Met(_MET[state]) from error
    if state == _CHECK_VIOLATION and _constraint(error) in GUARDS:
        raise Met(GUARD) from error
    if state == _LOCK_NOT_AVAILABLE:
        raise LockIsBusy("somebody else was at the same money for too long") from error
    if state and not state.startswith(_TRANSIENT):
        return
    _log.warning("database failed before commit", error=repr(error))
    raise Unavailable("the database failed before COMMIT was sent: nothing happened", definite=True) from error
