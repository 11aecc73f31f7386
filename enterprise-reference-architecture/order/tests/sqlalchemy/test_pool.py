"""How a crowd comes to connections: so many at once, and to a database that is away one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import pytest
import sqlalchemy as sa

from trivet_order.adapters.sqlalchemy import Database
from trivet_order.application import StoreUnavailable

Open = Callable[..., Database]
MANY = 30


@pytest.mark.parametrize(("shut_s", "knocks"), [(3600.0, 1), (0.0, MANY)], ids=["remembered", "forgotten"])
async def test_at_a_door_that_was_found_shut_nobody_knocks_for_a_while(
    open_database: Open, monkeypatch: pytest.MonkeyPatch, shut_s: float, knocks: int
) -> None:
    """A server that is recovering makes a process for each connect: hundreds a second keep it from it."""
    monkeypatch.setattr("trivet_chassis.door.SHUT_S", shut_s)
    came = 0

    async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.close()

    async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = open_database(f"postgresql://u:p@127.0.0.1:{port}/nowhere")
        for _ in range(MANY):
            assert await database.blocker() == "the database cannot be reached"
    assert came == knocks


async def test_a_crowd_shares_so_many_connections_and_gives_each_back(open_database: Open, database_url: str) -> None:
    database = open_database(database_url, connections_max=3)
    most = 0

    async def look() -> int:
        nonlocal most
        async with database.reading() as session:
            most = max(most, sum(database.connections()))
            return int((await session.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one())

    backends = await asyncio.gather(*(look() for _ in range(MANY)))
    assert (len(set(backends)) <= 3, most <= 3) == (True, True)
    assert database.connections()[0] == 0


async def test_who_leaves_the_queue_takes_nobodys_place(open_database: Open, database_url: str) -> None:
    database = open_database(database_url, connections_max=1)

    async def look() -> None:
        async with database.reading() as session:
            await session.execute(sa.text("SELECT 1"))

    async with database.unit():
        waiting = [asyncio.create_task(look()) for _ in range(MANY)]
        await asyncio.sleep(0)
        for each in waiting[: MANY // 2]:
            each.cancel()
        ended = asyncio.gather(*waiting, return_exceptions=True)
    told = await ended
    assert [type(each) for each in told] == [asyncio.CancelledError] * (MANY // 2) + [type(None)] * (MANY // 2)
    assert database.connections() == (0, 1)


async def test_every_connection_has_the_limits_that_its_process_was_told(
    open_database: Open, database_url: str
) -> None:
    database = open_database(database_url, statement_timeout_ms=1234, idle_in_transaction_timeout_ms=2345)
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "default_transaction_isolation")
    async with database.reading() as session:
        told = [(await session.execute(sa.text(f"SHOW {name}"))).scalar_one() for name in names]
        assert told == ["1234ms", "2345ms", "read committed"]


async def test_a_database_that_is_away_is_a_concern_and_no_crash(open_database: Open) -> None:
    database = open_database("postgresql://u:p@127.0.0.1:1/nowhere")
    with pytest.raises(StoreUnavailable) as away:
        await database.confirm()
    assert away.value.definite is True
    assert isinstance(away.value.__cause__, OSError | asyncpg.PostgresError)
