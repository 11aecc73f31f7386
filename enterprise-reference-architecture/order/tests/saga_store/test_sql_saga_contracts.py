"""The store of checkouts in PostgreSQL does what every store of them does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from order_contracts import SagaStoreContract
from sql_sagas import SqlSagas

Closing = list[Callable[[], Awaitable[None]]]


class TestSagaStore(SagaStoreContract):
    @pytest.fixture
    def sagas(self, database_url: str, closing: Closing) -> SqlSagas:
        ground = SqlSagas(database_url)
        closing.append(ground.database.close)
        return ground
