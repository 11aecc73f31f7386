"""What a document says of refusals is the table of problems, and the schema accepts what is really sent."""

from __future__ import annotations

import json

import jsonschema
import pytest

from trivet_chassis import (
    ANSWER_HEADERS,
    MEDIA_TYPE,
    PROBLEM_SCHEMA,
    PROBLEMS,
    REPLAYED_HEADER,
    NotFound,
    problem_body,
    refuses,
)

accepts = jsonschema.Draft202012Validator(PROBLEM_SCHEMA).validate


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_refusal_is_documented_as_the_table_has_it(code: str) -> None:
    kind = PROBLEMS[code]
    (status,), (response,) = zip(*refuses(code).items(), strict=True)
    assert (status, response["description"]) == (kind.status, kind.title)
    assert response["headers"].keys() >= ANSWER_HEADERS.keys()
    assert (response["headers"].keys() >= REPLAYED_HEADER.keys()) is kind.stored
    assert ("retry-after" in response["headers"]) is kind.retry_after
    accepts(response["content"][MEDIA_TYPE]["examples"][code]["value"])


def test_refusals_of_one_status_share_a_response() -> None:
    documented = refuses("already-exists", "request-in-flight", "not-found")
    assert list(documented) == [409, 404]
    assert list(documented[409]["content"][MEDIA_TYPE]["examples"]) == ["already-exists", "request-in-flight"]
    assert "idempotency-replayed" not in documented[404]["headers"]


def test_the_schema_is_that_of_every_problem() -> None:
    problem = json.loads(problem_body(NotFound("there is no seat 7", seat=7), "f" * 32))
    accepts(problem)
    for name in PROBLEM_SCHEMA["required"]:
        with pytest.raises(jsonschema.ValidationError):
            accepts({other: value for other, value in problem.items() if other != name})
