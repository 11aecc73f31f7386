"""A service whose database is away, and a service that is told to go."""

from __future__ import annotations

from conformance.interference import blocked, terminate, until, wait_until_ended, without_database
from conformance.promises import assert_problem
from conformance.service import Scene, Service


def test_without_its_database_a_service_lives_but_is_not_ready(service: Service) -> None:
    scene = Scene(service.api, service.subject)
    requests = [
        (operation.method, scene.fill(operation.path), scene.fill(operation.body))
        for operation in service.subject.operation
    ]
    with without_database(service.database_url):
        assert service.api.call("GET", "/livez").status == 200
        assert service.api.call("GET", "/metrics").status == 200
        assert_problem(service.api.call("GET", "/readyz"), "unavailable")
        reads = [service.api.send(*request) for request in requests]  # each waits its second for a connection
        for operation, read in zip(service.subject.operation, reads, strict=True):
            answer = read()
            if operation.without_database:
                assert answer.status == operation.status
            else:
                assert_problem(answer, "unavailable")
    until(lambda: service.api.call("GET", "/readyz").status == 200, "the service is ready again")
    for operation, (method, path, body) in zip(service.subject.operation, requests, strict=True):
        assert service.api.call(method, path, body).status == operation.status


def test_a_request_in_flight_is_answered_before_the_service_ends(service: Service, scene: Scene) -> None:
    operation, lock = service.subject.blockable
    with service.replicas(1) as [(api, program)]:
        path, body = scene.fill(operation.path), scene.fill(operation.body)
        with blocked(service.database_url, scene.fill(lock)) as wait_until_blocked:
            read = api.send(operation.method, path, body)
            wait_until_blocked()
            terminate(program)
        assert read().status == operation.status
        wait_until_ended(program)
