"""What the bench of accepting orders compares and reads, without its clock."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from trivet_platform import Program, Supervisor, free_port

BENCH = Path(__file__).resolve().parents[2] / "bench"
RECORD = """
WITH told AS (
    INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body,
                        recorded_at, published_at, kafka_cluster, kafka_epoch)
    SELECT gen_random_uuid(), gen_random_uuid(), 1, 0, 'OrderCreated', 1, now(), '', at, at + interval '5 s', 'main', 1
    FROM CAST(clock_timestamp() - CAST(%s AS interval) AS timestamptz) AS at
    RETURNING *
)
INSERT INTO timeline (order_id, order_version, event_id, type, version, occurred_on, data)
SELECT aggregate_id, aggregate_version, event_id, type, version, occurred_on, '{}' FROM told
"""


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Return what imports a file of the bench's folder, as its scripts do."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


def shape(value: Any) -> Any:
    """Return a JSON value with its strings and numbers replaced by their types."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


def test_the_order_that_does_nothing_is_told_what_an_accepted_one_is(
    bench: Callable[[str], ModuleType],
    start_replica: Callable[..., Program],
    supervisor: Supervisor,
    database_url: str,
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    own = {"TRIVET_ORDER_LISTEN": listen, "TRIVET_ORDER_DATABASE_URL": database_url}
    idle = Program("order-idle", [sys.executable, str(BENCH / "_idle.py")], own, listen, f"http://{listen}/readyz")
    supervisor.start(idle)
    try:
        told = []
        for part in (start_replica(), idle):
            headers = {"idempotency-key": uuid4().hex}
            url = f"{part.endpoints['url']}/orders"
            answer = httpx.post(url, json=bench("_shop").ORDERED, headers=headers, trust_env=False)
            told.append((answer.status_code, set(answer.headers), shape(answer.json())))
    finally:
        supervisor.stop(idle)
    assert told[0][0] == 202
    assert told[0] == told[1]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        connection.execute("TRUNCATE orders, order_lines, order_keys, sagas, outbox")


def test_the_watcher_sees_what_comes_and_weighs_it_from_its_insertion(
    bench: Callable[[str], ModuleType], database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(RECORD, ["3 days"])  # seen by nobody, since it was there before
        with bench("_watcher").watching(database_url) as watcher:
            connection.execute(RECORD, ["2 hours"])
            connection.execute(RECORD, ["1 hour"])
            waits = watcher.end()
        connection.execute("TRUNCATE outbox, timeline")
    assert waits.events == 2
    assert 3_600_000 <= waits.p50_ms < 7_200_000 <= waits.p99_ms == waits.max_ms < 3 * 86_400_000
    assert waits.published_p99_ms == 5_000


def test_a_watcher_that_saw_nothing_says_so(bench: Callable[[str], ModuleType], database_url: str) -> None:
    with bench("_watcher").watching(database_url) as watcher:
        assert watcher.end().events == 0
