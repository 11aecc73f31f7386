"""Advisory locks of one transaction, on PostgreSQL, through both drivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import blake2b
from typing import Any

import asyncpg
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet_locks import (
    AdvisoryBusy,
    Connection,
    NotInTransaction,
    PsycopgConnection,
    advisory,
    advisory_key,
    advisory_xact_lock,
    try_advisory_xact_lock,
)

WAIT_FOREVER_MS = 600_000
parts = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4)
Open = Callable[[], AbstractAsyncContextManager[Connection]]

# A busy machine is no defect.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("inventory.item", "ticket-1"), -3631189715455824547),
        (("inventory.item",), 2746289497460805636),
        (("a", "bc"), 8967126731629161779),
        (("ab", "c"), -8577701633007498173),
        (("Ärger", "☃"), 8475817260315766019),
    ],
)
def test_keys_never_change(words: tuple[str, ...], key: int) -> None:
    assert advisory_key(*words) == key


@CALM
@given(st.text(), parts)
def test_a_key_is_a_bigint(namespace: str, words: list[str]) -> None:
    namespace = namespace.encode(errors="replace").decode()
    assert -(2**63) <= advisory_key(namespace, *words) < 2**63


@CALM
@given(parts, parts)
def test_other_parts_make_another_key(one: list[str], other: list[str]) -> None:
    # A collision by chance has a probability of 2^-64.
    assert (advisory_key("n", *one) == advisory_key("n", *other)) == (one == other)


def test_an_encoding_without_lengths_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ambiguous:
        def __init__(self, digest_size: int) -> None:
            self._real = blake2b(digest_size=digest_size)
            self._prefix = False

        def update(self, data: bytes) -> None:
            self._prefix = not self._prefix
            if not self._prefix:
                self._real.update(data)

        def digest(self) -> bytes:
            return self._real.digest()

    monkeypatch.setattr(advisory, "blake2b", Ambiguous)
    assert advisory_key("a", "bc") == advisory_key("ab", "c")


@pytest.fixture(params=["asyncpg", "psycopg"])
def opened(request: pytest.FixtureRequest, database: str) -> Open:
    """Opens a connection inside a transaction that is rolled back at the end."""

    @asynccontextmanager
    async def by_asyncpg() -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(database)
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()
        await connection.close()

    @asynccontextmanager
    async def by_psycopg() -> AsyncIterator[Connection]:
        connection = await psycopg.AsyncConnection.connect(database)
        yield PsycopgConnection(connection)
        await connection.rollback()
        await connection.close()

    return by_asyncpg if request.param == "asyncpg" else by_psycopg


async def waits(database: str, key: int, eventually: Any) -> None:
    """Return once a backend waits for the key."""
    watcher = await asyncpg.connect(database)
    classid, objid = (key >> 32) & 0xFFFFFFFF, key & 0xFFFFFFFF
    sql = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND classid::bigint = $1 AND objid::bigint = $2"""
    async with asyncio.timeout(15):
        while not await watcher.fetchval(sql, classid, objid):
            await eventually(lambda: True)
    await watcher.close()


async def test_one_transaction_at_a_time_and_its_end_frees_the_lock(opened: Open) -> None:
    key = advisory_key("test", "try")
    async with opened() as other:
        async with opened() as holder:
            await try_advisory_xact_lock(holder, key)
            with pytest.raises(AdvisoryBusy) as caught:
                await try_advisory_xact_lock(other, key)
            assert caught.value.key == key
            assert (caught.value.code, caught.value.definite, caught.value.retryable) == ("advisory-busy", True, True)
        await try_advisory_xact_lock(other, key)


async def test_a_wait_ends_with_the_holders_transaction(opened: Open, database: str, eventually: Any) -> None:
    key = advisory_key("test", "wait")
    async with opened() as other:
        async with opened() as holder:
            await advisory_xact_lock(holder, key, wait_ms=WAIT_FOREVER_MS)
            waiting = asyncio.create_task(advisory_xact_lock(other, key, wait_ms=WAIT_FOREVER_MS))
            await waits(database, key, eventually)
            assert not waiting.done()
        await waiting
        assert await other.fetchval("SELECT current_setting('lock_timeout')") == "0"


async def test_a_wait_that_is_over_leaves_the_transaction_as_it_was(opened: Open) -> None:
    key = advisory_key("test", "timeout")
    async with opened() as holder, opened() as other:
        await try_advisory_xact_lock(holder, key)
        await other.fetchval("CREATE TEMPORARY TABLE kept (n int)")
        await other.fetchval("SELECT set_config('lock_timeout', '77s', true)")
        with pytest.raises(AdvisoryBusy):
            await advisory_xact_lock(other, key, wait_ms=1)
        assert await other.fetchval("SELECT current_setting('lock_timeout')") == "77s"
        assert await other.fetchval("SELECT count(*) FROM kept") == 0
        await try_advisory_xact_lock(other, key + 1)


async def test_a_won_wait_restores_the_timeout_and_keeps_the_lock(opened: Open, database: str, eventually: Any) -> None:
    key = advisory_key("test", "restore")
    async with opened() as third, opened() as other:
        async with opened() as holder:
            await try_advisory_xact_lock(holder, key)
            await other.fetchval("SELECT set_config('lock_timeout', '77s', true)")
            waiting = asyncio.create_task(advisory_xact_lock(other, key, wait_ms=WAIT_FOREVER_MS))
            await waits(database, key, eventually)
        await waiting
        assert await other.fetchval("SELECT current_setting('lock_timeout')") == "77s"
        with pytest.raises(AdvisoryBusy):
            await try_advisory_xact_lock(third, key)


async def test_other_errors_pass_as_the_driver_raised_them(opened: Open, database: str, eventually: Any) -> None:
    key = advisory_key("test", "cancelled")
    async with opened() as holder, opened() as other:
        await try_advisory_xact_lock(holder, key)
        pid = await other.fetchval("SELECT pg_backend_pid()")
        waiting = asyncio.create_task(advisory_xact_lock(other, key, wait_ms=WAIT_FOREVER_MS))
        await waits(database, key, eventually)
        await holder.fetchval("SELECT pg_cancel_backend($1)", pid)
        with pytest.raises((asyncpg.QueryCanceledError, psycopg.errors.QueryCanceled)):
            await waiting


async def test_outside_a_transaction_it_is_refused(database: str) -> None:
    plain = await asyncpg.connect(database)
    for take in (try_advisory_xact_lock(plain, 1), advisory_xact_lock(plain, 1, wait_ms=1)):
        with pytest.raises(NotInTransaction):
            await take
    # What the refusal prevents: the lock is gone as soon as it is taken.
    assert await plain.fetchval("SELECT pg_try_advisory_xact_lock(1)")
    assert await plain.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    await plain.close()

    autocommit = await psycopg.AsyncConnection.connect(database, autocommit=True)
    with pytest.raises(NotInTransaction):
        await try_advisory_xact_lock(PsycopgConnection(autocommit), 1)
    async with autocommit.transaction():
        await try_advisory_xact_lock(PsycopgConnection(autocommit), 1)
    await autocommit.close()


async def test_a_wait_of_nothing_is_refused_because_zero_means_forever(opened: Open) -> None:
    async with opened() as connection:
        with pytest.raises(ValueError, match="no limit"):
            await advisory_xact_lock(connection, 1, wait_ms=0)
