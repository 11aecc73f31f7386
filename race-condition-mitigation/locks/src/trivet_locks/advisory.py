"""PostgreSQL advisory locks that end with their transaction.

*Which race.* Two transactions read the same row and write what they computed from it. *The guard.* Both first take the
same advisory lock, in a statement of its own: a statement that locks and reads would read from the snapshot it took
before it waited. *If it is lost* (the connection breaks), the transaction is lost with it, so nothing stale is written.

Locks of the session level are not offered. Behind a pooler in transaction mode the statement that unlocks may reach
another server connection: the lock stays with the first one, for everybody, until that connection is closed.
"""

from hashlib import blake2b

from trivet_locks.connection import Connection
from trivet_locks.errors import AdvisoryBusy, NotInTransaction

_LOCK_NOT_AVAILABLE = "55P03"


def advisory_key(namespace: str, *parts: str) -> int:
    """A signed 64-bit lock key that is the same in every process, on every machine and in every language.

    BLAKE2b with an 8-byte digest, read as a big-endian signed integer, over each of (namespace, *parts) as UTF-8 behind
    its length in bytes (4 bytes, big-endian), so that ("a", "bc") and ("ab", "c") differ. Two of a million keys collide
    with a probability of 3 · 10^-8; colliding keys wait for each other needlessly and are still safe.
    """
    digest = blake2b(digest_size=8)
    for part in (namespace, *parts):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return int.from_bytes(digest.digest(), "big", signed=True)


async def try_advisory_xact_lock(connection: Connection, key: int) -> None:
    """Take the lock until the transaction ends, or raise AdvisoryBusy at once. The transaction stays usable."""
    _refuse_outside_transaction(connection)
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1::bigint)", key):
        raise AdvisoryBusy(key)


async def advisory_xact_lock(connection: Connection, key: int, *, wait_ms: int) -> None:
    """Take the lock until the transaction ends, waiting in PostgreSQL's own queue for at most `wait_ms`.

    Raises AdvisoryBusy when the time is over. Without contention this is one round trip. A wait is bounded by
    `lock_timeout`, whose expiry aborts what it is in: hence a savepoint, after which the transaction is as before,
    `lock_timeout` included. Other errors of the driver, a deadlock (40P01) above all, abort the transaction as usual.
    """
    _refuse_outside_transaction(connection)
    if wait_ms < 1:
        msg = f"wait_ms={wait_ms}: PostgreSQL takes a lock_timeout of 0 for no limit; use try_advisory_xact_lock"
        raise ValueError(msg)
    if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1::bigint)", key):
        return
    before = await connection.fetchval("SELECT current_setting('lock_timeout')")
    await connection.fetchval("SAVEPOINT trivet_advisory")
    await connection.fetchval("SELECT set_config('lock_timeout', $1::text, true)", f"{wait_ms}ms")
    try:
        await connection.fetchval("SELECT pg_advisory_xact_lock($1::bigint)", key)
    except Exception as error:
        if getattr(error, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        await connection.fetchval("ROLLBACK TO SAVEPOINT trivet_advisory")
        await connection.fetchval("RELEASE SAVEPOINT trivet_advisory")
        raise AdvisoryBusy(key) from error
    await connection.fetchval("SELECT set_config('lock_timeout', $1::text, true)", before)
    await connection.fetchval("RELEASE SAVEPOINT trivet_advisory")


def _refuse_outside_transaction(connection: Connection) -> None:
    if not connection.is_in_transaction():
        msg = "a transaction-level lock outside a transaction is released as soon as it is taken: open one first"
        raise NotInTransaction(msg)
