"""The committed contracts are what the service has: OpenAPI, problems, member.toml, ledgers."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trivet_chassis import PROBLEMS
from trivet_order.entrypoints.api import openapi
from trivet_platform import Postgres

MEMBER = Path(__file__).parents[2]
CONTRACT = MEMBER.parents[1] / "contracts" / "openapi" / "order.json"
DOCUMENT = json.loads(CONTRACT.read_text())
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
COLUMNS = {
    "orders": ["order_id", "customer_id", "status", "version", "account_id", "cancellation_requested"],
    "order_lines": [
        "order_id",
        "position",
        "item_id",
        "show_id",
        "hold_id",
        "quantity",
        "price_minor",
        "currency",
    ],
    "sagas": ["order_id", "state", "version", "attempts", "reason", "parked", "created_at", "ended_at"],
    "saga_steps": ["order_id", "position", "ordinal", "event", "state", "attempts", "detail", "at"],
    "keys": ["customer_id", "key", "order_id"],
}


def test_the_committed_document_is_the_one_that_is_served() -> None:
    assert openapi() == DOCUMENT, "run: trivet-order openapi > contracts/openapi/order.json"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operationId"])
def test_every_refusal_is_a_problem_of_the_table(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        assert {"traceparent", "x-trivet-node"} <= set(response["headers"])
        if int(status) < 400:
            continue
        (content,) = response["content"].values()
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        for code, example in content["examples"].items():
            assert PROBLEMS[code].status == int(status)
            assert example["value"]["title"] == PROBLEMS[code].title
            assert ("retry-after" in response["headers"]) >= PROBLEMS[code].retry_after


def test_the_edge_prefixes_cover_every_path() -> None:
    member = tomllib.loads((MEMBER / "member.toml").read_text())
    for path in DOCUMENT["paths"]:
        assert any(path == prefix or path.startswith(f"{prefix}/") for prefix in member["edge"])


@pytest.mark.parametrize("ledger", COLUMNS)
def test_the_reading_role_sees_the_ledgers_columns(ledger: str, postgres: Postgres, database_url: str) -> None:
    with psycopg.connect(postgres.reader_url(database_url.rpartition("/")[2])) as connection:
        description = connection.execute((MEMBER / "ledger" / f"{ledger}.sql").read_bytes()).description
    assert description is not None
    assert [column.name for column in description] == COLUMNS[ledger]
