"""How a crowd comes to connections while the database is away, slow, or coming back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from trivet_chassis import Door, Unavailable
from trivet_inventory.bootstrap import build
from trivet_inventory.settings import Settings
from trivet_platform import Link, Supervisor

MANY = 30


def at(settings: Settings, address: str) -> Settings:
    """Return settings that lead to the database by another address."""
    parts = urlsplit(settings.database_url)
    user = parts.netloc.rpartition("@")[0]
    return replace(settings, database_url=parts._replace(netloc=f"{user}@{address}").geturl())


@pytest.mark.parametrize(("shut_s", "knocks"), [(3600.0, 1), (0.0, MANY)], ids=["remembered", "forgotten"])
def test_at_a_door_that_was_found_shut_nobody_knocks_for_a_while(
    settings_for: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch, shut_s: float, knocks: int
) -> None:
    """A server that is recovering makes a process for each connect: hundreds a second keep it from it."""
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", shut_s)
    settings = settings_for("advisory")

    async def scenario() -> int:
        came = 0

        async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal came
            came += 1
            writer.close()

        async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            database = build(at(settings, f"127.0.0.1:{port}")).database
            await database.open()
            for _ in range(MANY):
                with pytest.raises(Unavailable, match="cannot be reached") as away:
                    await database.read("SELECT 1")
                assert away.value.definite
            await database.close()
        return came

    assert asyncio.run(scenario()) == knocks


def test_at_a_door_that_was_found_shut_one_knocks_at_a_time(
    settings_for: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", 0.0)
    settings = settings_for("advisory")

    async def scenario() -> None:
        came = 0
        others_were_refused = asyncio.Event()

        async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal came
            came += 1
            if came > 1:
                await others_were_refused.wait()
            writer.close()

        async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            database = build(at(settings, f"127.0.0.1:{port}")).database
            await database.open()
            with pytest.raises(Unavailable):
                await database.read("SELECT 1")
            crowd = [asyncio.create_task(database.read("SELECT 1")) for _ in range(MANY)]
            for refused in asyncio.as_completed(crowd):
                with pytest.raises(Unavailable, match="cannot be reached"):
                    await refused
                if sum(task.done() for task in crowd) >= MANY - 1:
                    others_were_refused.set()
            assert came == 2
            await database.close()

    asyncio.run(scenario())


def test_an_idle_connection_is_used_behind_a_shut_door_and_does_not_open_it(
    open_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", 3600.0)

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            with pytest.raises(ConnectionError), inventory.database._door.knock():
                raise ConnectionError
            assert inventory.database._door.is_shut
            assert [row[0] for row in await inventory.database.read("SELECT 1")] == [1]
            assert inventory.database._door.is_shut

    asyncio.run(scenario())


def test_of_a_crowd_behind_a_shut_door_only_one_has_the_idle_connection(
    open_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All look for one before the first of them has it: nobody may connect unasked for having seen it."""
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", 3600.0)

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            database = inventory.database
            with pytest.raises(ConnectionError), database._door.knock():
                raise ConnectionError
            assert database.connections() == (0, 1)
            crowd = (database.read("SELECT 1") for _ in range(database._limits.connections_max))
            answers = await asyncio.gather(*crowd, return_exceptions=True)
            assert database.connections() == (0, 1)
            assert [type(answer) for answer in answers].count(list) == 1

    asyncio.run(scenario())


def knock(at_door: Door) -> tuple[Callable[[], None], Callable[[], None]]:
    """Begin a connect; return what ends it well and what ends it badly."""
    way = at_door.knock()
    way.__enter__()

    def succeed() -> None:
        way.__exit__(None, None, None)

    def fail() -> None:
        way.__exit__(ConnectionError, ConnectionError(), None)

    return succeed, fail


@pytest.mark.parametrize(
    ("ends", "then"),
    [
        (["newer succeeds", "older fails"], "open"),
        (["older succeeds", "newer fails"], "shut"),
        (["newer fails", "older succeeds"], "open"),
        (["older fails", "newer fails"], "shut"),
    ],
)
def test_a_failure_shuts_the_door_unless_a_newer_connect_has_succeeded(
    monkeypatch: pytest.MonkeyPatch, ends: list[str], then: str
) -> None:
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", 3600.0)

    async def scenario() -> None:
        at_door = Door(2, 0)
        ways = {age: dict(zip(("succeeds", "fails"), knock(at_door), strict=True)) for age in ("older", "newer")}
        for end in ends:
            age, what = end.split()
            ways[age][what]()
        assert at_door.is_shut is (then == "shut")

    asyncio.run(scenario())


def test_a_door_that_was_found_shut_stays_so_while_anybody_is_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", 0.0)

    async def scenario() -> None:
        at_door = Door(2, 0)
        (_, first_fails), (_, second_fails) = knock(at_door), knock(at_door)
        first_fails()
        assert at_door.is_shut
        second_fails()
        assert not at_door.is_shut  # time for another

    asyncio.run(scenario())


def test_a_connect_has_more_time_than_the_queue(
    settings_for: Callable[[str], Settings], supervisor: Supervisor
) -> None:
    """Else a slow connect is given up halfway, the next request begins another, and the pool stays empty."""
    settings = settings_for("advisory")
    link = Link("slow-door", urlsplit(settings.database_url).netloc.rpartition("@")[2])
    supervisor.start(link)
    link.delay(30)  # a connect takes several round trips

    async def scenario() -> None:
        database = build(replace(at(settings, link.address), pool_wait_ms=20)).database
        await database.open()
        assert [row[0] for row in await database.read("SELECT 1")] == [1]
        await database.close()

    asyncio.run(scenario())
    link.kill()


def test_a_place_is_given_back_however_its_use_ended(open_shop: Any) -> None:
    async def scenario() -> None:
        async with open_shop("advisory", pool_connections_max=1, pool_wait_ms=50) as inventory:
            database = inventory.database
            with pytest.raises(ZeroDivisionError):
                async with database.unit():
                    raise ZeroDivisionError
            async with database.unit():
                with pytest.raises(Unavailable, match="no database connection was free within 50 ms"):
                    await database.read("SELECT 1")
                waiting = asyncio.create_task(database.read("SELECT 1"))
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            assert [row[0] for row in await database.read("SELECT 1")] == [1]

    asyncio.run(scenario())


def test_a_connection_that_is_lost_as_it_is_given_back_is_no_defect(open_shop: Any) -> None:
    """What was committed is known, and the pool has taken it back by itself."""

    async def scenario() -> None:
        async with open_shop("advisory", pool_connections_max=1) as inventory:
            async with inventory.database.unit() as unit:
                await unit.commit()
                # The loop does this first, and then what the pool has begun to do with it.
                asyncio.get_running_loop().call_soon(unit.connection.terminate)
            assert [row[0] for row in await inventory.database.read("SELECT 1")] == [1]

    asyncio.run(scenario())
