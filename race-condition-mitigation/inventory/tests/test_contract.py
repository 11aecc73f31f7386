"""The committed contracts are what the service has: OpenAPI, problems, member.toml, ledgers."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trivet_chassis import PROBLEMS
from trivet_inventory.entrypoints.api import openapi
from trivet_inventory.settings import STRATEGIES
from trivet_platform import Postgres

MEMBER = Path(__file__).parents[1]
CONTRACT = MEMBER.parents[1] / "contracts" / "openapi" / "inventory.json"
DOCUMENT = json.loads(CONTRACT.read_text())
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_the_committed_document_is_the_one_that_is_served() -> None:
    assert openapi() == DOCUMENT, "run: trivet-inventory openapi > contracts/openapi/inventory.json"


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


def test_the_edge_prefixes_cover_every_path_and_hide_the_rest() -> None:
    member = tomllib.loads((MEMBER / "member.toml").read_text())
    for path in DOCUMENT["paths"]:
        (routed, hidden) = (
            any(path == prefix or path.startswith(f"{prefix}/") for prefix in member[key])
            for key in ("edge", "internal")
        )
        assert routed is not hidden, path
    assert member["variants"]["TRIVET_INVENTORY_STRATEGY"] == list(STRATEGIES)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operationId"])
def test_only_services_act_on_holds(operation: dict[str, Any]) -> None:
    assert (operation["security"] == [{"accessToken": ["stock.settle"]}]) is ("Stock" in operation["operationId"])


COLUMNS = {
    "items": ["id", "initial_stock", "stock", "item_version"],
    "purchases": ["purchase_id", "item_id", "key", "quantity", "item_version", "stock_after", "fence", "at"],
    "stock_holds": ["subject", "hold_id", "order_id", "state", "total_minor", "currency", "at"],
    "stock_hold_lines": ["subject", "hold_id", "item_id", "quantity", "unit_price_minor"],
    "stock_moves": ["subject", "hold_id", "item_id", "kind", "quantity", "item_version", "stock_after", "at"],
    "restocks": ["restock_id", "item_id", "key", "quantity", "item_version", "stock_after", "at"],
}


def test_the_reading_role_sees_the_ledgers_columns(postgres: Postgres, settings_for: Any) -> None:
    name = settings_for("advisory").database_url.rpartition("/")[2]
    assert {path.stem for path in (MEMBER / "ledger").glob("*.sql")} == set(COLUMNS)
    with psycopg.connect(postgres.reader_url(name)) as connection:
        for ledger, columns in COLUMNS.items():
            query = (MEMBER / "ledger" / f"{ledger}.sql").read_bytes()
            description = connection.execute(query).description
            assert description is not None
            assert [column.name for column in description] == columns
