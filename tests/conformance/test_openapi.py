"""The OpenAPI document: committed, complete, and what the service itself prints."""

from __future__ import annotations

import json

from conformance.promises import KINDS
from conformance.service import Service
from conformance.subject import Operation


def test_the_committed_document_is_what_the_service_prints(service: Service) -> None:
    printed = service.run(service.subject.openapi)
    assert json.loads(printed) == service.document.document


def test_the_document_has_exactly_the_operations_that_the_subject_has(service: Service) -> None:
    health = {("GET", path) for path in ("/livez", "/readyz", "/metrics")}
    found = {
        service.document.find(operation.method, operation.path.replace("{", "").replace("}", ""))
        for operation in service.subject.operation
    }
    assert found == service.document.operations - health


def test_every_refusal_is_documented_as_a_problem(service: Service, operation: Operation) -> None:
    key = service.document.find(operation.method, operation.path.replace("{", "").replace("}", ""))
    assert key is not None
    responses = service.document.document["paths"][key[1]][key[0].lower()]["responses"]
    refusals = {status: said for status, said in responses.items() if not status.startswith("2")}
    assert refusals, "an operation that cannot be refused"
    for status, said in refusals.items():
        assert list(said["content"]) == ["application/problem+json"], status
        assert int(status) in {kind["status"] for kind in KINDS.values()}
    assert {str(KINDS[code]["status"]) for code in operation.refusals} <= refusals.keys()


def test_the_document_says_whether_a_key_is_demanded(service: Service, operation: Operation) -> None:
    key = service.document.find(operation.method, operation.path.replace("{", "").replace("}", ""))
    assert key is not None
    parameters = service.document.document["paths"][key[1]][key[0].lower()].get("parameters", [])
    said = [one.get("required", False) for one in parameters if one["name"].lower() == "idempotency-key"]
    assert said == {"none": [], "optional": [False], "required": [True]}[operation.key]
