"""How often an order goes to the database and back: the driver is asked, not the code."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from order_contracts.samples import begin, change, placed, store

from trivet_chassis import configure_failpoints
from trivet_order.adapters.sqlalchemy import SqlAlchemyUnitsOfWork
from trivet_order.application import ListOrders, ListOrdersUseCase, Wanted
from trivet_order.bootstrap import Api, build_api
from trivet_order.domain import Seat, Stock
from trivet_order.entrypoints.desk import Desk
from trivet_order.entrypoints.metrics import Metrics
from trivet_order.settings import Settings

STATEMENTS_MAX = 6
WANTED = (Wanted(Stock("umbrella"), 2), Wanted(Seat("hamlet", "hold", "secret"), 1), Wanted(Stock("scarf"), 1))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return every statement that any connection runs from now on."""
    said: list[str] = []
    ask, say = asyncpg.prepared_stmt.PreparedStatement.fetch, asyncpg.Connection.execute

    async def fetch(self: Any, *arguments: Any, **how: Any) -> Any:
        said.append(self.get_query())
        return await ask(self, *arguments, **how)

    async def execute(self: Any, query: str, *arguments: Any, **how: Any) -> Any:
        said.append(query)
        return await say(self, query, *arguments, **how)

    monkeypatch.setattr(asyncpg.prepared_stmt.PreparedStatement, "fetch", fetch)
    monkeypatch.setattr(asyncpg.Connection, "execute", execute)
    return said


@pytest.fixture
def api(database_url: str, closing: Any) -> Api:
    api = build_api(Settings(database_url=database_url))
    closing.append(api.process.database.close)
    configure_failpoints(None, None, {})
    return api


async def test_an_accepted_order_costs_six_statements(api: Api, said: list[str]) -> None:
    desk = Desk(api, Metrics(api.process.registry))
    await desk.create("alice", "first", "alice-eur", WANTED)  # what a connection asks once is asked now
    said.clear()
    answer = await desk.create("alice", "second", "alice-eur", WANTED)
    assert (answer.status, answer.replayed) == (202, False)
    assert (said[0], said[-1]) == ("BEGIN", "COMMIT")
    assert len(said[1:-1]) <= STATEMENTS_MAX, said
    assert {"BEGIN", "COMMIT", "ROLLBACK"} & set(said[1:-1]) == set()


async def test_what_is_read_costs_one_statement(api: Api, units: SqlAlchemyUnitsOfWork, said: list[str]) -> None:
    order = await store(units, placed())
    said.clear()
    async with api.reading() as orders:
        await orders.get_by_id(order.id)
    page = await ListOrdersUseCase(api.queries).execute(ListOrders(order.customer_id))
    assert [each.id for each in page.orders] == [order.id]
    told = [each for each in said if "orders" in each]
    assert len(told) == 2
    assert not {"BEGIN", "COMMIT", "ROLLBACK"} & set(said)


async def test_a_step_of_an_order_costs_three_statements(units: SqlAlchemyUnitsOfWork, said: list[str]) -> None:
    order = await store(units, placed())
    said.clear()
    await change(units, order.id, begin)
    assert (said[0], said[-1], len(said[1:-1])) == ("BEGIN", "COMMIT", 3)


async def test_a_page_is_found_by_its_index(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SET enable_seqscan = off; SET enable_sort = off")
        page = "SELECT id FROM orders WHERE customer_id = 'a' AND id < gen_random_uuid() ORDER BY id DESC LIMIT 20"
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {page}"))
    finally:
        await connection.close()
    assert "orders_customer" in plan
    assert "Sort" not in plan
