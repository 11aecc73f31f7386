"""What is known of a transaction that failed: nothing happened before COMMIT was sent, everything is unknown after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from trivet_chassis import Unavailable
from trivet_inventory.bootstrap import Inventory, build, migrate
from trivet_inventory.errors import LockIsBusy
from trivet_inventory.purchases import Order
from trivet_inventory.settings import Settings
from trivet_platform import Postgres, Supervisor

Sell = Callable[[Inventory, int], Awaitable[str]]
Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture(scope="module")
def fragile(supervisor: Supervisor) -> Iterator[Postgres]:
    """A server of its own, because these tests break it."""
    part = Postgres("fragile")
    supervisor.start(part)
    yield part
    supervisor.stop(part)


@pytest.fixture(scope="module")
def fragile_settings(fragile: Postgres) -> Settings:
    settings = Settings(database_url=fragile.create_database("inventory"), strategy="advisory", lab="tests")
    migrate(settings)
    return settings


async def opened(settings: Settings) -> Inventory:
    inventory = build(settings)
    await inventory.database.open()
    return inventory


async def administer(fragile: Postgres, *statements: str) -> list[Any]:
    connection = await asyncpg.connect(fragile.url("inventory"))
    try:
        return [await connection.fetch(statement) for statement in statements][-1]
    finally:
        await connection.close()


MISSING_STANDBY = ("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
NO_STANDBY = ("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = 'inventory'"


async def wait_for_standby(fragile: Postgres, until: Until, wanted: str) -> None:
    """Return when a new connection sees the setting that was asked for."""

    async def seen() -> bool:
        rows = await administer(fragile, "SHOW synchronous_standby_names")
        return str(rows[0][0]) == wanted

    await until(seen)


async def sold(inventory: Inventory, item_id: str) -> int:
    rows = await inventory.database.read("SELECT count(*) FROM purchases WHERE item_id = $1", item_id)
    return int(rows[0]["count"])


@pytest.mark.parametrize("ending", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_whose_wait_was_ended_is_unknown_and_resolved_by_its_key(
    ending: str, fragile: Postgres, fragile_settings: Settings, sell: Sell, until: Until
) -> None:
    async def end_waiting() -> bool:
        return bool(await administer(fragile, f"SELECT {ending}(pid) {WAITING}"))

    async def scenario() -> None:
        inventory = await opened(fragile_settings)
        item_id = await sell(inventory, 3)
        order = Order("anonymous", f"{item_id}-k", item_id, 1)
        await administer(fragile, *MISSING_STANDBY)
        await wait_for_standby(fragile, until, "nobody")
        try:
            for _ in range(2):  # the purchase itself, then a replay, which may promise no more than the first could
                buying = asyncio.create_task(inventory.checkout.buy(order))
                await until(end_waiting)
                with pytest.raises(Unavailable) as refused:
                    await buying
                assert refused.value.definite is False
        finally:
            await administer(fragile, *NO_STANDBY)
            await wait_for_standby(fragile, until, "")
        assert await sold(inventory, item_id) == 1
        answer = await inventory.checkout.buy(order)
        assert (answer.status, answer.replayed) == (200, True)
        assert await sold(inventory, item_id) == 1
        await inventory.close()

    asyncio.run(scenario())


def test_a_commit_that_does_not_come_back_is_unknown(
    fragile: Postgres, fragile_settings: Settings, sell: Sell, until: Until
) -> None:
    async def scenario() -> None:
        patient = await opened(fragile_settings)
        item_id = await sell(patient, 3)
        hasty = await opened(replace(fragile_settings, commit_timeout_ms=10))
        await administer(fragile, *MISSING_STANDBY)
        await wait_for_standby(fragile, until, "nobody")
        try:
            with pytest.raises(Unavailable) as refused:
                await hasty.checkout.buy(Order("anonymous", f"{item_id}-k", item_id, 1))
            assert refused.value.definite is False
        finally:
            await administer(fragile, *NO_STANDBY)
            await wait_for_standby(fragile, until, "")
        await patient.close()
        await hasty.close()

    asyncio.run(scenario())


def test_a_connection_that_ends_before_commit_is_a_definite_failure(
    fragile: Postgres, fragile_settings: Settings, sell: Sell
) -> None:
    async def scenario() -> None:
        inventory = await opened(fragile_settings)
        item_id = await sell(inventory, 3)

        async def be_terminated() -> None:
            async with inventory.database.unit() as unit:
                pid = await unit.connection.fetchval("SELECT pg_backend_pid()")
                await unit.connection.execute("UPDATE items SET stock = 0 WHERE id = $1", item_id)
                await administer(fragile, f"SELECT pg_terminate_backend({pid})")
                await unit.connection.execute("SELECT 1")

        with pytest.raises(Unavailable) as refused:
            await be_terminated()
        assert refused.value.definite is True
        assert (await inventory.catalogue.get(item_id))["stock"] == 3
        await inventory.close()

    asyncio.run(scenario())


def test_a_transaction_that_the_server_rolled_back_at_commit_is_a_definite_failure(
    fragile_settings: Settings, sell: Sell
) -> None:
    async def scenario() -> None:
        inventory = await opened(fragile_settings)
        item_id = await sell(inventory, 3)

        async def commit_what_failed() -> None:
            async with inventory.database.unit() as unit:
                await unit.connection.execute("UPDATE items SET stock = 0 WHERE id = $1", item_id)
                with pytest.raises(asyncpg.DivisionByZeroError):
                    await unit.connection.execute("SELECT 1 / 0")
                await unit.commit()

        with pytest.raises(Unavailable) as refused:
            await commit_what_failed()
        assert refused.value.definite is True
        assert (await inventory.catalogue.get(item_id))["stock"] == 3
        await inventory.close()

    asyncio.run(scenario())


def test_waits_are_bounded_and_what_they_end_with_is_definite(fragile_settings: Settings, sell: Sell) -> None:
    async def scenario() -> None:
        inventory = await opened(replace(fragile_settings, lock_wait_ms=0, statement_timeout_ms=50))
        narrow = await opened(replace(fragile_settings, pool_connections_max=1, pool_wait_ms=10))
        queued = await opened(replace(fragile_settings, lock_wait_ms=20))
        item_id = await sell(inventory, 3)
        order = Order("anonymous", f"{item_id}-k", item_id, 1)
        async with queued.database.unit() as other:
            await other.connection.execute("UPDATE items SET stock = stock WHERE id = $1", item_id)
            with pytest.raises(Unavailable) as slow:
                await inventory.checkout.buy(order)
        async with queued.database.unit() as other:
            admitted = queued.strategy.admit(other.connection, item_id)
            async with admitted:
                with pytest.raises(LockIsBusy):
                    await inventory.checkout.buy(order)
                with pytest.raises(LockIsBusy):
                    await queued.checkout.buy(order)
        async with narrow.database.unit():
            with pytest.raises(Unavailable, match="no database connection was free") as full:
                await narrow.checkout.buy(order)
        assert (slow.value.definite, full.value.definite) == (True, True)
        assert (await queued.checkout.buy(order)).replayed is False
        for each in (inventory, narrow, queued):
            await each.close()

    asyncio.run(scenario())


def test_a_transaction_that_is_cancelled_leaves_nothing_open_in_the_pool(
    fragile: Postgres, fragile_settings: Settings, sell: Sell, until: Until
) -> None:
    async def sleeping() -> bool:
        return bool(await administer(fragile, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))

    async def scenario() -> None:
        inventory = await opened(replace(fragile_settings, pool_connections_max=1, statement_timeout_ms=60_000))
        item_id = await sell(inventory, 3)

        async def sleep_in_transaction() -> None:
            async with inventory.database.unit() as unit:
                await unit.connection.execute("UPDATE items SET stock = 0 WHERE id = $1", item_id)
                await unit.connection.execute("SELECT pg_sleep(60)")

        task = asyncio.create_task(sleep_in_transaction())
        await until(sleeping)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with inventory.database.unit() as unit:
            assert await unit.connection.fetchval("SELECT stock FROM items WHERE id = $1", item_id) == 3
            assert await unit.connection.fetchval("SELECT pg_current_xact_id_if_assigned()") is None
        await inventory.close()

    asyncio.run(scenario())


def test_a_holder_that_is_paused_loses_its_transaction_and_not_the_shop(
    fragile_settings: Settings, sell: Sell, until: Until
) -> None:
    async def scenario() -> None:
        paused = await opened(replace(fragile_settings, idle_in_transaction_timeout_ms=100))
        inventory = await opened(fragile_settings)
        item_id = await sell(inventory, 3)

        async def buyable() -> bool:
            try:
                return (await inventory.checkout.buy(Order("anonymous", None, item_id, 1))).status == 200
            except LockIsBusy:
                return False

        async def say_nothing() -> None:
            async with paused.database.unit() as unit:
                async with paused.strategy.admit(unit.connection, item_id):
                    await until(buyable)
                await unit.connection.execute("SELECT 1")

        with pytest.raises(Unavailable):
            await say_nothing()
        await paused.close()
        await inventory.close()

    asyncio.run(scenario())


def test_a_killed_server_is_a_definite_failure_and_the_shop_serves_again_when_it_is_back(
    supervisor: Supervisor, fragile: Postgres, fragile_settings: Settings, sell: Sell
) -> None:
    async def scenario() -> None:
        inventory = await opened(fragile_settings)
        item_id = await sell(inventory, 3)
        order = Order("anonymous", f"{item_id}-k", item_id, 1)

        async def be_killed() -> None:
            async with inventory.database.unit() as unit:
                await unit.connection.execute("UPDATE items SET stock = 0 WHERE id = $1", item_id)
                fragile.kill()
                await unit.connection.execute("SELECT 1")

        with pytest.raises(Unavailable) as refused:
            await be_killed()
        assert refused.value.definite is True
        with pytest.raises(Unavailable) as away:
            await inventory.checkout.buy(order)
        assert away.value.definite is True
        assert await inventory.database.blocker() == "the database cannot be reached"
        await asyncio.to_thread(supervisor.start, fragile)
        answer = await inventory.checkout.buy(order)
        assert (answer.status, answer.replayed) == (200, False)
        await inventory.close()

    asyncio.run(scenario())
