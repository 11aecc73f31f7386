"""The table in Python is the table in contracts/problems.json."""

import dataclasses
import json
from pathlib import Path

import pytest

from trivet_chassis import (
    MEDIA_TYPE,
    PROBLEMS,
    TYPE_PREFIX,
    Internal,
    InvalidRequest,
    NotFound,
    ServiceError,
    Unavailable,
    problem_body,
)

CONTRACT = json.loads((Path(__file__).parents[2] / "contracts" / "problems.json").read_text())


def test_constants_equal_the_contract() -> None:
    assert [dataclasses.asdict(kind) for kind in PROBLEMS.values()] == CONTRACT["problems"]
    assert all(code == kind.code for code, kind in PROBLEMS.items())


def test_type_and_media_type_are_the_contracts() -> None:
    assert (CONTRACT["media_type"], CONTRACT["type_prefix"]) == (MEDIA_TYPE, TYPE_PREFIX)
    assert PROBLEMS["internal"].type == CONTRACT["type_prefix"] + "internal"


def test_definite_must_be_said_where_the_table_leaves_it_open() -> None:
    with pytest.raises(ValueError, match="does not say by itself"):
        Unavailable("the database is away")
    assert Unavailable("x", definite=True).definite is True
    assert Unavailable("x", definite=False).definite is False


def test_an_instance_cannot_contradict_the_table() -> None:
    with pytest.raises(ValueError, match="always definite=True"):
        NotFound("no such item", definite=False)
    with pytest.raises(ValueError, match="no Retry-After"):
        Internal("x", retry_after_s=3)


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_code_renders_with_all_members(code: str) -> None:
    leaf = type("Leaf", (ServiceError,), {"code": code})
    kind = PROBLEMS[code]
    error = leaf("what happened", definite=True if kind.definite is None else None, item_id="a")
    body = json.loads(problem_body(error, "f" * 32))
    assert body == {
        "type": f"urn:trivet:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "what happened",
        "code": code,
        "definite": kind.definite if kind.definite is not None else True,
        "retryable": kind.retryable,
        "trace_id": "f" * 32,
        "item_id": "a",
    }
    assert (error.retry_after_s is not None) is kind.retry_after


def test_an_extension_cannot_overwrite_a_member_of_the_problem() -> None:
    body = json.loads(problem_body(InvalidRequest("x", status=200, errors=[]), "0" * 32))
    assert body["status"] == 400
    assert body["errors"] == []


def test_all_faults_of_a_request_are_told_at_once() -> None:
    faults: list[tuple[tuple[str | int, ...], str]] = [
        (("body", "seats", 0), "too far"),
        (("query", "limit"), "too many"),
    ]
    refused = InvalidRequest.of_faults(faults)
    assert refused.detail == "body.seats.0: too far; query.limit: too many"
    assert json.loads(problem_body(refused, "0" * 32))["errors"] == [
        {"field": "body.seats.0", "message": "too far"},
        {"field": "query.limit", "message": "too many"},
    ]
