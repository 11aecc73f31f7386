"""The projection's transactions keep their contracts, in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import pytest
from projection_contract import Blocked, ConcurrencyContract, Entries, ProjectionContract, RefusalContract
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from trivet_order.adapters.memory import MemoryProjections
from trivet_order.adapters.sqlalchemy.engine import Database, Limits
from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.adapters.sqlalchemy.refusals import data_refused
from trivet_order.adapters.sqlalchemy.timeline import SqlAlchemyTimeline, SqlAlchemyTimelineFeed
from trivet_order.application import DataRefused, TimelineEntry

_BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'projections' AND wait_event_type = 'Lock'
"""


class TestMemory(ProjectionContract):
    @pytest.fixture
    def units(self) -> MemoryProjections:
        return MemoryProjections()

    @pytest.fixture
    def feed(self, units: MemoryProjections) -> MemoryProjections:
        return units

    @pytest.fixture
    def entries(self, units: MemoryProjections) -> Entries:
        async def read(order_id: UUID) -> Sequence[TimelineEntry]:
            return await units.later({order_id: 0})

        return read


class InPostgres:
    """What the suites ask for."""

    @pytest.fixture
    def database(self, database_url: str, closing: list[Callable[[], Awaitable[None]]]) -> Database:
        database = Database(database_url, Limits(8, 5000, 5000, 5000, 5000), "projections")
        closing.append(database.close)
        return database

    @pytest.fixture
    def units(self, database: Database) -> SqlAlchemyProjections:
        return SqlAlchemyProjections(database, "tests")

    @pytest.fixture
    def feed(self, database: Database) -> SqlAlchemyTimelineFeed:
        return SqlAlchemyTimelineFeed(database)

    @pytest.fixture
    def entries(self, database: Database) -> Entries:
        async def read(order_id: UUID) -> Sequence[TimelineEntry]:
            async with database.reading() as session:
                return await SqlAlchemyTimeline(session).entries(order_id, 0)

        return read

    @pytest.fixture
    def blocked(self, database: Database) -> Blocked:
        async def wait() -> None:
            async with asyncio.timeout(10), database.reading() as session:
                while not (await session.execute(text(_BLOCKED))).scalar_one():  # noqa: ASYNC110  - a server's state
                    await asyncio.sleep(0.005)

        return wait


class TestPostgres(InPostgres, ProjectionContract):
    pass


class TestPostgresAtOnce(InPostgres, ConcurrencyContract):
    pass


class TestPostgresRefuses(InPostgres, RefusalContract):
    pass


class TestWhatIsTheDatasFault(InPostgres):
    @pytest.mark.parametrize(
        ("statement", "arguments"),
        [
            ("SELECT 1 / 0", {}),
            ("INSERT INTO inbox (consumer) VALUES ('x')", {}),
            ("SELECT repeat('x', 2000000000)", {}),
            ("SELECT CAST(:much AS bigint)", {"much": 2**63}),
        ],
    )
    async def test_data_that_never_can_be_stored_is_refused(
        self, database: Database, statement: str, arguments: dict[str, int]
    ) -> None:
        async with database.reading() as session:
            with pytest.raises(DataRefused), data_refused():
                await session.execute(text(statement), arguments)

    @pytest.mark.parametrize(
        "statement", ["SELECT * FROM nothing", "SELEKT", "SELECT pg_terminate_backend(pg_backend_pid())"]
    )
    async def test_what_another_try_or_a_migration_mends_is_not(self, database: Database, statement: str) -> None:
        async with database.reading() as session:
            with pytest.raises(DBAPIError), data_refused():
                await session.execute(text(statement))
