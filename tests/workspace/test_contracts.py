"""What stands once in contracts/ is what every part says: the edge, the services and the lab."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.members import find_members
from trivet_platform.envoy_config import internal_pattern
from trivet_platform.envoy_problems import EDGE_PROBLEMS, MEDIA_TYPE, TYPE_PREFIX, EdgeProblem, local_replies

ROOT = Path(__file__).resolve().parents[2]
CONTRACT: dict[str, Any] = json.loads((ROOT / "contracts" / "problems.json").read_text())
KINDS: dict[str, dict[str, Any]] = {kind["code"]: kind for kind in CONTRACT["problems"]}
MEMBERS = find_members(ROOT)
FIELDS = {"type", "title", "status", "detail", "code", "definite", "retryable", "trace_id"}


@pytest.mark.parametrize("problem", EDGE_PROBLEMS, ids=lambda problem: problem.code)
def test_a_problem_of_the_edge_is_one_of_the_table(problem: EdgeProblem) -> None:
    kind = KINDS[problem.code]
    assert (problem.status, problem.title, problem.retryable) == (kind["status"], kind["title"], kind["retryable"])
    assert kind["definite"] in {None, problem.definite}
    # An answer that was lost on the way says nothing of the effect.
    assert problem.definite is (problem.status < 500)


def test_the_edge_answers_in_the_same_form() -> None:
    assert (CONTRACT["media_type"], CONTRACT["type_prefix"]) == (MEDIA_TYPE, TYPE_PREFIX)
    for mapper in local_replies()["mappers"]:
        told = mapper["body_format_override"]
        assert told["content_type"] == CONTRACT["media_type"]
        body = told["json_format"]
        assert body.keys() == FIELDS
        assert body["type"] == CONTRACT["type_prefix"] + body["code"]
        assert body["status"] == mapper["status_code"] == KINDS[body["code"]]["status"]
        headers = {header["header"]["key"].lower() for header in mapper.get("headers_to_add", [])}
        assert ("retry-after" in headers) is KINDS[body["code"]]["retry_after"]


def test_every_http_service_has_a_document_and_the_conformance_suite() -> None:
    serving = {name for name, member in MEMBERS.items() if any(process.http for process in member.processes)}
    assert serving
    assert {file.stem for file in (ROOT / "contracts" / "openapi").glob("*.json")} == serving
    assert {file.stem for file in (ROOT / "tests" / "conformance" / "subjects").glob("*.toml")} == serving


@pytest.mark.parametrize("name", MEMBERS)
def test_the_edge_routes_what_the_document_describes(name: str) -> None:
    member = MEMBERS[name]
    document = json.loads((ROOT / "contracts" / "openapi" / f"{name}.json").read_text())
    outside = {"/livez", "/readyz", "/metrics"}
    for path in document["paths"]:
        routed = any(path == prefix or path.startswith(f"{prefix}/") for prefix in member.edge)
        inside = any(re.fullmatch(internal_pattern(pattern), path) for pattern in member.internal)
        assert routed or inside or path in outside, path
        assert not (routed and path in outside), path
    for prefix in member.edge:
        assert any(path == prefix or path.startswith(f"{prefix}/") for path in document["paths"]), prefix


@pytest.mark.parametrize("name", MEMBERS)
def test_ledgers_read_and_do_nothing_else(name: str) -> None:
    ledgers = MEMBERS[name].ledgers()
    assert ledgers
    for ledger, sql in ledgers.items():
        code = re.sub(r"--.*", "", sql)
        assert re.match(r"\s*(SELECT|WITH)\b", code, re.IGNORECASE), ledger
        assert not re.search(r"\b(INSERT|UPDATE|DELETE|TRUNCATE|ALTER|DROP|CREATE|nextval)\b", code, re.IGNORECASE)
