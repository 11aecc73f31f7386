"""How much a service is willing to read and to do at once, and that it says so before it has read or done more."""

from __future__ import annotations

import json
import socket

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


def test_a_service_that_has_enough_to_do_turns_away_whoever_asks_and_is_well(service: Service, scene: Scene) -> None:
    operation = next(operation for operation in service.subject.operation if operation.body is not None)
    path = scene.fill(operation.path)
    requests = [(each.method, scene.fill(each.path), scene.fill(each.body)) for each in service.subject.operation]
    with service.replicas(1, REQUESTS_MAX="1") as [(api, _)], socket.create_connection(api.address, 20) as held:
        asked = [JSON, ("content-length", "9"), ("expect", "100-continue"), *api.own_headers(operation.method, path)]
        held.sendall(compose(operation.method, path, asked))
        assert held.recv(4096).startswith(b"HTTP/1.1 100 ")  # it is being served: somebody wants its body
        for request in requests:
            answer = api.call(*request)
            assert assert_problem(answer, "queue-full")["definite"] is True
            assert answer.headers["retry-after"] == "1"
        assert_problem(api.call(operation.method, path, token=None), "queue-full")
        for open_path in ("/livez", "/readyz", "/metrics"):
            assert api.call("GET", open_path).status == 200
