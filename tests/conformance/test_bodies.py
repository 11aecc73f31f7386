"""Bodies that are not what the operation takes: refused with 400 or 415, never half understood, never a defect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conformance.promises import assert_problem
from conformance.service import Scene, Service
from conformance.subject import Operation, about

has_body = about(lambda operation: operation.body is not None)
BOOLEANS: list[Any] = ["1", "true", 1.5, 1, 0, [], {}]
NUMBERS: list[Any] = ["1", 1.5, True, [], {}, 10**30, -(10**30)]
STRINGS: list[Any] = [1, 1.5, True, [], {}, "a\0b", "\ud800", "x" * 5000]
NOT_JSON = {
    "empty": b"",
    "blank": b" ",
    "cut": b'{"a":',
    "two values": b"{}{}",
    "single quotes": b"{'a':1}",
    "trailing comma": b'{"a":1,}',
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "a NUL": b"\0",
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "overlong UTF-8": b'{"a":"\xc0\x80"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "deep lists": b"[" * 60_000,
    "deep objects": b'{"a":' * 10_000,
    "closed deep lists": b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a huge number": b'{"a":' + b"9" * 60_000 + b"}",
    "a huge exponent": b'{"a":1e999999999}',
    "null": b"null",
    "a list": b"[]",
    "a string": b'"a"',
    "a number": b"1",
}


def refused(scene: Scene, operation: Operation, cases: dict[str, bytes], code: str = "invalid-request") -> list[str]:
    """Return the cases that were not refused with the code; one list shows every defect at once."""
    path, wrong = scene.fill(operation.path), []
    for name, content in cases.items():
        answer = scene.api.call(operation.method, path, content=content, headers=[("content-type", "application/json")])
        if answer.status < 400 or answer.json()["code"] != code:
            wrong.append(f"{name}: {answer.status} {answer.body[:200]!r}")
    return wrong


@has_body
def test_what_is_not_json_is_refused(operation: Operation, scene: Scene) -> None:
    assert refused(scene, operation, NOT_JSON) == []


@has_body
def test_another_encoding_than_utf_8_is_refused(operation: Operation, scene: Scene) -> None:
    text = json.dumps(scene.fill(operation.body))
    encodings = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")
    assert refused(scene, operation, {name: text.encode(name) for name in encodings}) == []


@has_body
def test_what_is_not_json_inside_a_known_field_is_refused(operation: Operation, scene: Scene) -> None:
    body = scene.fill(operation.body)
    cases = {}
    for field in body:
        rest = json.dumps({name: value for name, value in body.items() if name != field})[1:-1]
        for name, value in {"deep": b"[" * 20_000 + b"]" * 20_000, "NaN": b"NaN", "digits": b"9" * 20_000}.items():
            cases[f"{field}: {name}"] = b"{%b%b%b: %b}" % (
                rest.encode(),
                b", " if rest else b"",
                json.dumps(field).encode(),
                value,
            )
    assert refused(scene, operation, cases) == []


@has_body
def test_an_unknown_field_is_refused(operation: Operation, scene: Scene) -> None:
    body = scene.fill(operation.body)
    names = ["planted", "", "__proto__", next(iter(body)).upper(), next(iter(body)) + "\0"]
    assert refused(scene, operation, {name: json.dumps(body | {name: 1}).encode() for name in names}) == []


@has_body
def test_a_missing_field_is_refused(operation: Operation, scene: Scene) -> None:
    body = scene.fill(operation.body)
    cases = {
        name: json.dumps({other: body[other] for other in body if other != name}).encode()
        for name in body
        if name not in operation.optional
    }
    assert refused(scene, operation, cases) == []


@has_body
def test_an_optional_field_may_be_left_out(operation: Operation, scene: Scene) -> None:
    for name in operation.optional:
        body = scene.fill(operation.body)
        body.pop(name)
        assert scene.api.call(operation.method, scene.fill(operation.path), body).status == operation.status


@has_body
def test_a_value_of_another_type_is_refused(operation: Operation, scene: Scene) -> None:
    body, cases = scene.fill(operation.body), {}
    for name, value in body.items():
        others = BOOLEANS if isinstance(value, bool) else NUMBERS if isinstance(value, int) else STRINGS
        if name not in operation.nullable:
            others = [*others, None]
        cases |= {f"{name} = {str(other)[:40]!r}": json.dumps(body | {name: other}).encode() for other in others}
    assert refused(scene, operation, cases) == []


@has_body
def test_a_name_that_stands_twice_is_refused(operation: Operation, scene: Scene) -> None:
    """Two parsers on the way may read two different values: what one checked, the other would do."""
    body = scene.fill(operation.body)
    text = json.dumps(body)
    cases = {name: f"{text[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}".encode() for name, value in body.items()}
    assert refused(scene, operation, cases) == []


@has_body
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "json",
        "",
    ],
)
def test_another_media_type_is_refused(media_type: str, operation: Operation, scene: Scene) -> None:
    content = json.dumps(scene.fill(operation.body)).encode()
    answer = scene.api.call(
        operation.method, scene.fill(operation.path), content=content, headers=[("content-type", media_type)]
    )
    assert_problem(answer, "unsupported-media-type")


@has_body
@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"]
)
def test_json_may_name_its_charset(media_type: str, operation: Operation, scene: Scene) -> None:
    content = json.dumps(scene.fill(operation.body)).encode()
    answer = scene.api.call(
        operation.method, scene.fill(operation.path), content=content, headers=[("content-type", media_type)]
    )
    assert answer.status == operation.status


def test_each_malformed_request_of_the_subject_is_refused(service: Service, scene: Scene) -> None:
    wrong = []
    for request in service.subject.malformed:
        answer = scene.api.call(request.method, scene.fill(request.path), scene.fill(request.body))
        if answer.status != 400:
            wrong.append(f"{request}: {answer.status} {answer.body[:200]!r}")
    assert wrong == []
