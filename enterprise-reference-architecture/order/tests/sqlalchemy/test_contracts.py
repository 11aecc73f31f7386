"""The adapters of PostgreSQL keep every contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import pytest
import sqlalchemy as sa
from order_contracts import (
    InterleavingContract,
    KeysContract,
    PublisherContract,
    QueriesContract,
    RepositoryContract,
    UnitOfWorkContract,
)

from trivet_order.adapters.sqlalchemy import Database, SqlAlchemyQueries, SqlAlchemyUnitsOfWork
from trivet_order.adapters.sqlalchemy.tables import outbox
from trivet_order.application import Message, read


class OnPostgres:
    """What the suites ask for, on one database for all of them: each test makes orders of its own."""

    @pytest.fixture
    def units(self, database: Database) -> SqlAlchemyUnitsOfWork:  # instead of the suites' own
        return SqlAlchemyUnitsOfWork(database, lambda: None)

    @pytest.fixture
    def published(self, database: Database) -> Callable[[UUID], Awaitable[Sequence[Message]]]:
        async def look(order_id: UUID) -> Sequence[Message]:
            query = sa.select(outbox.c.body).where(outbox.c.aggregate_id == order_id).order_by(outbox.c.position)
            async with database.reading() as session:
                return [read(body) for body in await session.scalars(query)]

        return look

    @pytest.fixture
    def queries(self, database: Database) -> SqlAlchemyQueries:
        return SqlAlchemyQueries(database)


class TestRepository(OnPostgres, RepositoryContract):
    pass


class TestPublisher(OnPostgres, PublisherContract):
    pass


class TestKeys(OnPostgres, KeysContract):
    pass


class TestUnitOfWork(OnPostgres, UnitOfWorkContract):
    pass


class TestQueries(OnPostgres, QueriesContract):
    pass


class TestInterleaving(OnPostgres, InterleavingContract):
    pass
