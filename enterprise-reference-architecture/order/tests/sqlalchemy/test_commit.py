"""What is known of a unit that failed: nothing happened before COMMIT was sent, everything is unknown after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from order_contracts.samples import AT, begin, placed, read, store

from trivet_chassis import WrongDatabase
from trivet_order.adapters.sqlalchemy import Database, SqlAlchemyUnitsOfWork
from trivet_order.application import OrderNotFound, StoreUnavailable
from trivet_order.domain import OrderAggregate
from trivet_order.migrations import migrate
from trivet_platform import Postgres, Supervisor

Open = Callable[..., Database]
MISSING_STANDBY = ("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
NO_STANDBY = ("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = 'orders'"


@pytest.fixture(scope="module")
def fragile(supervisor: Supervisor) -> Iterator[Postgres]:
    """A server of its own, because these tests break it."""
    part = Postgres("fragile-orders")
    supervisor.start(part)
    migrate(part.create_database("orders"))
    yield part
    supervisor.stop(part)


@pytest.fixture
def url(fragile: Postgres) -> str:
    return fragile.url("orders")


async def until(probe: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again and again until something is true; a state that never comes fails the test."""
    async with asyncio.timeout(30):
        while not (found := await probe()):  # noqa: ASYNC110  - another process changes what is asked for
            await asyncio.sleep(0.005)
        return found


async def administer(url: str, *statements: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetch(statement) for statement in statements][-1]
    finally:
        await connection.close()


async def require_standby(url: str, *, missing: bool) -> None:
    """Return when a new connection waits for a standby that there is not, or for none."""
    await administer(url, *(MISSING_STANDBY if missing else NO_STANDBY))
    wanted = "nobody" if missing else ""

    async def seen() -> bool:
        return str((await administer(url, "SHOW synchronous_standby_names"))[0][0]) == wanted

    await until(seen)


async def is_there(units: SqlAlchemyUnitsOfWork, order: OrderAggregate) -> bool:
    try:
        await read(units, order.id)
    except OrderNotFound:
        return False
    return True


def opened(database: Database) -> SqlAlchemyUnitsOfWork:
    return SqlAlchemyUnitsOfWork(database, lambda: None)


async def keep(units: SqlAlchemyUnitsOfWork, order: OrderAggregate) -> None:
    """Store an order under a key."""
    async with units.open() as unit:
        if await unit.keys.claim(order.customer_id, "k", b"p") is None:
            await unit.orders.save(order)
            await unit.events.publish(order.pull_events(AT))
            await unit.keys.keep(order.customer_id, "k", b"p", order.id)
        await unit.commit()


@pytest.mark.parametrize("ending", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_a_commit_whose_wait_was_ended_is_unknown_and_so_is_its_replay(
    ending: str, url: str, open_database: Open
) -> None:
    units, order = opened(open_database(url)), placed()

    async def end_waiting() -> bool:
        return bool(await administer(url, f"SELECT {ending}(pid) {WAITING}"))

    await require_standby(url, missing=True)
    try:
        for _ in range(2):  # the order itself, then a replay, which may promise no more than the first could
            keeping = asyncio.create_task(keep(units, order))
            await until(end_waiting)
            with pytest.raises(StoreUnavailable) as refused:
                await keeping
            assert refused.value.definite is False
    finally:
        await require_standby(url, missing=False)
    assert await is_there(units, order)
    await keep(units, order)


async def test_a_commit_that_does_not_come_back_is_unknown(url: str, open_database: Open) -> None:
    units, order = opened(open_database(url, commit_timeout_ms=10)), placed()
    await require_standby(url, missing=True)
    try:
        with pytest.raises(StoreUnavailable) as refused:
            await keep(units, order)
        assert refused.value.definite is False
    finally:
        await require_standby(url, missing=False)
    assert await is_there(opened(open_database(url)), order)


async def test_a_connection_that_ends_before_commit_is_a_definite_failure(url: str, open_database: Open) -> None:
    database, order = open_database(url), placed()

    async def be_terminated() -> None:
        async with database.unit() as unit:
            pid = await unit.session.scalar(sa.text("SELECT pg_backend_pid()"))
            await administer(url, f"SELECT pg_terminate_backend({pid})")
            await unit.session.execute(sa.text("SELECT 1"))
            await unit.commit()

    with pytest.raises(StoreUnavailable) as refused:
        await be_terminated()
    assert refused.value.definite is True
    await keep(opened(database), order)
    assert await is_there(opened(database), order)


async def test_what_the_server_rolled_back_at_commit_is_a_definite_failure(url: str, open_database: Open) -> None:
    units, order = opened(database := open_database(url)), placed()

    async def commit_what_failed() -> None:
        async with database.unit() as unit:
            await unit.session.execute(sa.text("UPDATE orders SET version = version + 1"))
            with pytest.raises(sa.exc.DBAPIError):
                await unit.session.execute(sa.text("SELECT 1 / 0"))
            await unit.commit()

    await keep(units, order)
    with pytest.raises(StoreUnavailable) as refused:
        await commit_what_failed()
    assert refused.value.definite is True
    assert (await read(units, order.id)).version == 1


async def test_a_defect_is_no_outage(url: str, open_database: Open) -> None:
    """A statement that is wrong is wrong again: whoever called it away would be told to repeat it for ever."""

    async def say_nonsense() -> None:
        async with open_database(url).unit() as unit:
            await unit.session.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(sa.exc.DBAPIError):
        await say_nonsense()


async def test_waits_are_bounded_and_what_they_end_with_is_definite(url: str, open_database: Open) -> None:
    hasty = open_database(url, statement_timeout_ms=50)
    narrow = open_database(url, connections_max=1, pool_wait_ms=10)
    order = placed()
    await keep(opened(hasty), order)
    async with opened(open_database(url)).open() as other:
        theirs = await other.orders.get_by_id(order.id)
        begin(theirs)
        await other.orders.save(theirs)
        with pytest.raises(StoreUnavailable) as slow:
            await change_slowly(hasty, order)
    async with narrow.unit():
        with pytest.raises(StoreUnavailable, match="no database connection was free") as full:
            await read(opened(narrow), order.id)
    assert (slow.value.definite, full.value.definite) == (True, True)


async def change_slowly(database: Database, order: OrderAggregate) -> None:
    async with opened(database).open() as unit:
        mine = await unit.orders.get_by_id(order.id)
        begin(mine)
        await unit.orders.save(mine)


async def test_a_unit_that_is_cancelled_leaves_nothing_open_in_the_pool(url: str, open_database: Open) -> None:
    database = open_database(url, connections_max=1)
    order = placed()
    await keep(opened(database), order)

    async def sleeping() -> bool:
        return bool(await administer(url, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))

    async def sleep_in_transaction() -> None:
        async with database.unit() as unit:
            await unit.session.execute(sa.text("UPDATE orders SET version = version + 1"))
            await unit.session.execute(sa.text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(sleep_in_transaction())
    await until(sleeping)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.unit() as unit:
        assert await unit.session.scalar(sa.text("SELECT pg_current_xact_id_if_assigned()")) is None
    assert (await read(opened(database), order.id)).version == 1
    assert database.connections() == (0, 1)


async def test_a_paused_unit_loses_its_transaction_and_nobody_waits_for_it(url: str, open_database: Open) -> None:
    paused, others = open_database(url, idle_in_transaction_timeout_ms=100), opened(open_database(url))
    order = await store(others, placed())

    async def say_nothing() -> None:
        async with opened(paused).open() as unit:
            mine = await unit.orders.get_by_id(order.id)
            begin(mine)
            await unit.orders.save(mine)
            await change_slowly(open_database(url), order)  # waits for the row until the server takes it away
            await unit.commit()

    with pytest.raises(StoreUnavailable):
        await say_nothing()
    assert (await read(others, order.id)).version == 1


async def test_a_connection_that_was_lost_while_it_was_idle_is_nobodys(url: str, open_database: Open) -> None:
    database, order = open_database(url), placed()
    await keep(opened(database), order)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tests'"
    assert await administer(url, cut)

    async def nobody_is_connected() -> bool:
        return not await administer(url, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tests'")

    await until(nobody_is_connected)
    assert await is_there(opened(database), order)


async def test_a_killed_server_is_a_definite_failure_and_all_is_well_when_it_is_back(
    supervisor: Supervisor, fragile: Postgres, url: str, open_database: Open
) -> None:
    units, order = opened(database := open_database(url)), placed()
    await keep(units, order)

    async def be_killed() -> None:
        async with database.unit() as unit:
            await unit.session.execute(sa.text("UPDATE orders SET version = version + 1"))
            fragile.kill()
            await unit.session.execute(sa.text("SELECT 1"))

    with pytest.raises(StoreUnavailable) as refused:
        await be_killed()
    with pytest.raises(StoreUnavailable) as away:
        await read(units, order.id)
    assert (refused.value.definite, away.value.definite) == (True, True)
    assert await database.blocker() == "the database cannot be reached"
    await asyncio.to_thread(supervisor.start, fragile)

    async def is_back() -> bool:
        return await database.blocker() is None

    await until(is_back)  # the door is left alone for a moment after it was found shut
    assert (await read(units, order.id)).version == 1


async def test_a_database_without_tables_is_refused(fragile: Postgres, open_database: Open) -> None:
    database = open_database(fragile.create_database("empty"))
    with pytest.raises(WrongDatabase, match="run trivet-order migrate"):
        await database.confirm()
    assert "run trivet-order migrate" in str(await database.blocker())
