"""How much a service is willing to read, and that it says so before it has read more."""

from __future__ import annotations

import json

from conformance.promises import assert_problem
from conformance.service import JSON, Scene, Service
from conformance.subject import Operation, about
from conformance.wire import chunked, compose, exchange

has_body = about(lambda operation: operation.body is not None)


@has_body
def test_a_body_of_the_limit_is_read(operation: Operation, scene: Scene, service: Service) -> None:
    body = json.dumps(scene.fill(operation.body)).encode().ljust(service.subject.body_bytes_max)
    answer = scene.api.call(operation.method, scene.fill(operation.path), content=body)
    assert answer.status == operation.status


@has_body
def test_a_body_over_the_limit_is_refused_before_it_is_sent(
    operation: Operation, scene: Scene, service: Service
) -> None:
    path = scene.fill(operation.path)
    headers = [
        JSON,
        ("content-length", str(service.subject.body_bytes_max + 1)),
        *scene.api.own_headers(operation.method, path),
    ]
    answer = exchange(scene.api.address, compose(operation.method, path, headers))
    assert_problem(scene.api.checked(operation.method, path, answer), "payload-too-large")
    assert answer.headers.get("connection") == "close"


@has_body
def test_an_unannounced_body_is_refused_once_it_is_over_the_limit(
    operation: Operation, scene: Scene, service: Service
) -> None:
    path = scene.fill(operation.path)
    pieces = [b" " * 1024] * (service.subject.body_bytes_max // 1024) + [b" "]
    body = chunked(pieces, ended=False)
    headers = [JSON, ("transfer-encoding", "chunked"), *scene.api.own_headers(operation.method, path)]
    answer = exchange(scene.api.address, compose(operation.method, path, headers, body))
    assert_problem(scene.api.checked(operation.method, path, answer), "payload-too-large")


@has_body
def test_a_chunked_body_within_the_limit_is_read(operation: Operation, scene: Scene) -> None:
    path, body = scene.fill(operation.path), json.dumps(scene.fill(operation.body)).encode()
    headers = [JSON, ("transfer-encoding", "chunked"), *scene.api.own_headers(operation.method, path)]
    request = compose(operation.method, path, headers, chunked([body[:7], body[7:]]))
    answer = scene.api.checked(operation.method, path, exchange(scene.api.address, request))
    assert answer.status == operation.status


@has_body
def test_an_absurd_length_is_refused(operation: Operation, scene: Scene) -> None:
    path = scene.fill(operation.path)
    headers = [JSON, ("content-length", "9" * 18), *scene.api.own_headers(operation.method, path)]
    request = compose(operation.method, path, headers)
    assert_problem(scene.api.checked(operation.method, path, exchange(scene.api.address, request)), "payload-too-large")
