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

SCOPES = "items.buy items.read items.write stock.settle"
CONTRACT = Path(__file__).parents[3] / "contracts" / "openapi" / "inventory.json"
# A valid request may still meet a sold-out item, a key that is taken, or nothing under its id; a 400 it may not meet.
STAYS_VALID = ["2xx", "404", "409", "422", "429"]
CONFIG = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": STAYS_VALID}}})
schema = schemathesis.openapi.from_dict(json.loads(CONTRACT.read_text()), config=CONFIG)


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("inventory-fuzz-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="module")
def replica(start_replica: Any, issuer: Issuer) -> Program:
    own = {"TRIVET_INVENTORY_JWKS_URL": issuer.jwks_url, "TRIVET_INVENTORY_TOKEN_ISSUER": issuer.url}
    program: Program = start_replica("advisory", **own)
    return program


@pytest.fixture(scope="module")
def bearer(issuer: Issuer) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token('fuzz', SCOPES)}"}


@schema.parametrize()
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_service_keeps_to_its_document(case: schemathesis.Case, replica: Program, bearer: Any) -> None:
    case.call_and_validate(base_url=replica.endpoints["url"], headers=bearer)
