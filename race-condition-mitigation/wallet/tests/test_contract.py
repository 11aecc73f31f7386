"""The committed contracts are what the wallet has: OpenAPI, problems, member.toml, ledgers."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trivet_chassis import PROBLEMS
from trivet_platform import Postgres
from trivet_wallet.settings import STRATEGIES

MEMBER = Path(__file__).parents[1]
CONTRACT = MEMBER.parents[1] / "contracts" / "openapi" / "wallet.json"
DOCUMENT = json.loads(CONTRACT.read_text())
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_the_committed_document_is_the_one_that_is_served() -> None:
    main = "from trivet_wallet.entrypoints.cli import main; main()"
    printed = subprocess.run([sys.executable, "-c", main, "openapi"], check=True, capture_output=True).stdout
    assert json.loads(printed) == DOCUMENT, "run: trivet-wallet openapi > contracts/openapi/wallet.json"


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
        assert any(path == prefix or path.startswith(f"{prefix}/") for prefix in member["edge"])
    assert set(member["internal"]) <= set(DOCUMENT["paths"])
    assert member["variants"]["TRIVET_WALLET_STRATEGY"] == list(STRATEGIES)


COLUMNS = {
    "accounts": ["account_id", "owner", "kind", "currency", "balance_minor", "held_minor", "version"],
    "charges": [
        "charge_id", "key", "customer_account_id", "merchant_account_id", "amount_minor", "currency", "state",
        "captured_minor", "refunded_minor", "subject",
    ],
    "operations": [
        "operation_id", "kind", "key", "status", "code", "account_id", "counter_account_id", "amount_minor",
        "charge_key", "transaction_id", "body", "subject",
    ],
    "postings": ["posting_id", "transaction_id", "account_id", "amount_minor", "currency", "account_version"],
    "transactions": ["transaction_id", "kind", "operation_id", "at"],
}  # fmt: skip


@pytest.mark.parametrize("strategy", ["select_for_update", "naive"])
def test_the_reading_role_sees_the_ledgers_columns(strategy: str, postgres: Postgres, settings_for: Any) -> None:
    name = settings_for(strategy).database_url.rpartition("/")[2]
    assert {path.stem for path in (MEMBER / "ledger").glob("*.sql")} == set(COLUMNS)
    with psycopg.connect(postgres.reader_url(name)) as connection:
        for ledger, columns in COLUMNS.items():
            query = (MEMBER / "ledger" / f"{ledger}.sql").read_bytes()
            description = connection.execute(query).description
            assert description is not None
            assert [column.name for column in description] == columns
