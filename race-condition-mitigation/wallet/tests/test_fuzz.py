"""Schemathesis against a running replica: whatever the document allows or forbids, the service keeps to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from trivet_platform import Issuer, Program, Supervisor

SCOPES = (
    "accounts.any accounts.open accounts.read charges.batch charges.read charges.settle charges.write deposits.write "
    "transfers.write"
)
CONTRACT = Path(__file__).parents[3] / "contracts" / "openapi" / "wallet.json"
# A valid request may still meet a poor account, a key that is taken, or nothing under its id. A 400 it may meet where a
# document cannot say what is wrong: two accounts that are one, a cursor that nobody gave out, a key that is in a batch
# twice.
STAYS_VALID = ["2xx", "400", "402", "404", "409", "422", "429"]
CONFIG = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": STAYS_VALID}}})
schema = schemathesis.openapi.from_dict(json.loads(CONTRACT.read_text()), config=CONFIG)


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("wallet-fuzz-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="module")
def replica(start_replica: Any, issuer: Issuer) -> Program:
    own = {"TRIVET_WALLET_JWKS_URL": issuer.jwks_url, "TRIVET_WALLET_TOKEN_ISSUER": issuer.url}
    program: Program = start_replica("select_for_update", **own)
    return program


@pytest.fixture(scope="module")
def bearer(issuer: Issuer) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token('fuzz', SCOPES)}"}


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_service_keeps_to_its_document(case: schemathesis.Case, replica: Program, bearer: Any) -> None:
    case.call_and_validate(base_url=replica.endpoints["url"], headers=bearer)
