"""What every answer promises, whatever the service and the operation."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema

from .subject import ROOT
from .wire import Answer

CONTRACT: dict[str, Any] = json.loads((ROOT / "contracts" / "problems.json").read_text())
KINDS: dict[str, dict[str, Any]] = {kind["code"]: kind for kind in CONTRACT["problems"]}
FIELDS = {"type", "title", "status", "detail", "code", "definite", "retryable", "trace_id"}
# Words of a driver or an interpreter: a problem is for the caller, who has no business with either.
LEAKS = re.compile(
    r"Traceback|asyncpg|psycopg|sqlalchemy|django|SELECT |UPDATE |\.py\b|0x[0-9a-f]{6}|password", re.IGNORECASE
)


def assert_problem(answer: Answer, code: str | None = None, trace_id: str | None = None) -> dict[str, Any]:
    """Check a refusal against the table of problems, whole, and return it.

    A replayed problem keeps the trace id of the request that it answered first.
    """
    assert answer.headers.get("content-type") == CONTRACT["media_type"], (answer.status, answer.headers)
    problem: dict[str, Any] = answer.json()
    assert problem.keys() >= FIELDS, f"missing: {FIELDS - problem.keys()}"
    assert code is None or problem["code"] == code, problem
    kind = KINDS[problem["code"]]
    assert problem["type"] == CONTRACT["type_prefix"] + kind["code"]
    assert problem["title"] == kind["title"]
    assert problem["status"] == answer.status == kind["status"]
    assert type(problem["definite"]) is bool
    assert kind["definite"] in {None, problem["definite"]}, problem
    assert problem["retryable"] is kind["retryable"]
    assert isinstance(problem["detail"], str)
    assert problem["detail"]
    assert not LEAKS.search(answer.body.decode()), problem
    assert re.fullmatch(r"[0-9a-f]{32}", problem["trace_id"])
    if trace_id is not None and not answer.replayed:
        assert problem["trace_id"] == trace_id
    seconds = answer.headers.get("retry-after")
    assert (seconds is not None) is kind["retry_after"], (problem["code"], answer.headers)
    assert seconds is None or int(seconds) >= 0
    return problem


class Document:
    """The service's OpenAPI document, asked whether it says what the service did."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._operations = {
            (method.upper(), template): (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template)), operation)
            for template, methods in document["paths"].items()
            for method, operation in methods.items()
            if method in {"get", "put", "post", "delete", "patch"}
        }

    @property
    def operations(self) -> set[tuple[str, str]]:
        """Every (method, path template) of the document."""
        return set(self._operations)

    @property
    def scopes(self) -> dict[tuple[str, str], str]:
        """The scope that each operation needs."""
        return {key: operation["security"][0]["accessToken"][0] for key, (_, operation) in self._operations.items()}

    def find(self, method: str, path: str) -> tuple[str, str] | None:
        """Return the (method, path template) that serves a path: the one with the fewest parameters that matches."""
        plain = path.partition("?")[0]
        found = [key for key, (form, _) in self._operations.items() if key[0] == method and form.fullmatch(plain)]
        return min(found, key=lambda key: key[1].count("{"), default=None)

    def assert_documented(self, method: str, path: str, answer: Answer) -> None:
        """Check that the document has this status at this operation, and that the body is as it says."""
        key = self.find(method, path)
        if key is None or answer.status == 405:
            return
        responses = self._operations[key][1]["responses"]
        assert str(answer.status) in responses, f"{key} answered {answer.status}, which the document does not name"
        content = responses[str(answer.status)].get("content", {})
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        assert media_type in content, f"{key} {answer.status} answered {media_type}, the document says {list(content)}"
        schema = content[media_type].get("schema")
        if schema is not None and media_type.endswith("json"):
            components = {"components": self.document.get("components", {})}
            jsonschema.Draft202012Validator(schema | components).validate(answer.json())
