"""The bench's naive worker leaves the rows that the orchestrator leaves: what differs is how many a commit has."""

from __future__ import annotations

import importlib
from pathlib import Path

import asyncpg
import pytest

from trivet_order.adapters.sqlalchemy.sharding import SHARDS

BENCH = Path(__file__).resolve().parents[2] / "bench"
ORDERS = 20
TOLD = """
SELECT status, state, orders.version, sagas.version, due_at IS NULL AND ended_at IS NOT NULL, price_minor, currency,
       (SELECT array_agg(type || aggregate_version ORDER BY position) FROM outbox WHERE aggregate_id = orders.id),
       (SELECT array_agg(event || '/' || state || position ORDER BY position) FROM saga_steps AS s
        WHERE s.order_id = orders.id)
FROM orders JOIN sagas ON sagas.order_id = orders.id JOIN order_lines AS line ON line.order_id = orders.id
"""


async def test_the_naive_worker_takes_every_checkout_to_its_end(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    worker = importlib.import_module("_one_by_one")
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("TRUNCATE orders, order_lines, outbox, sagas, saga_steps")
        await connection.execute((BENCH / "_accept_orders.sql").read_text().replace("$1", str(ORDERS)))
        assert await worker.work(database_url, SHARDS - 1) == ORDERS
        assert await worker.work(database_url, 0) == 0
        rows = [tuple(row) for row in await connection.fetch(TOLD)]
        assert (
            rows
            == [
                (
                    "Order Confirmed",
                    "confirmed",
                    5,
                    5,
                    True,
                    700,
                    "EUR",
                    ["InventoryRequested2", "InventoryReserved3", "PaymentRequested4", "OrderConfirmed5"],
                    ["begun/created2", "held/holding3", "charged/charging4", "sold/confirming5"],
                )
            ]
            * ORDERS
        )
    finally:
        await connection.execute("TRUNCATE orders, order_lines, outbox, sagas, saga_steps")
        await connection.close()
