"""The doors by which services call each other: every path but one, no limits, no repeats, and nobody else's service."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from trivet_platform import Envoy, Limits, Program, Rate, Supervisor, Upstream

LARGE = 256 * 1024
"""Above what the edge takes of a client."""


@pytest.fixture(scope="module")
def envoy(supervisor: Supervisor) -> Iterator[Envoy]:
    part = Envoy("doored-edge", doors=["shop", "till", "closed"])
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture
def shops(supervisor: Supervisor, envoy: Envoy, service: Callable[..., Program]) -> Iterator[list[Program]]:
    replicas = [service("first"), service("second"), service("till")]
    supervisor.start(*replicas)
    listens = [str(replica.listen) for replica in replicas]
    one = Rate(per_s=1, burst=1)
    envoy.route(
        [Upstream("shop", listens[:2], ["/items"], ["/items/batch"]), Upstream("till", listens[2:], [])],
        Limits(address=one),
    )
    yield replicas
    for replica in replicas:
        replica.kill()


def through(envoy: Envoy, name: str) -> httpx.Client:
    return httpx.Client(base_url=envoy.door_url(name), timeout=30, trust_env=False)


@pytest.mark.usefixtures("shops")
def test_a_door_leads_to_every_path_of_its_service_and_to_each_replica(envoy: Envoy) -> None:
    with through(envoy, "shop") as client:
        answers = [client.post(path, json={}) for path in ["/items/batch", "/other", "/readyz"] for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["name"] for answer in answers if answer.request.url.path != "/readyz"} == {
            "first",
            "second",
        }
    with through(envoy, "till") as client:
        assert client.post("/items/batch", json={}).json()["name"] == "till", "not the other's, whatever the path"


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize(("name", "path"), [("shop", "/metrics"), ("till", "/metrics/"), ("closed", "/items")])
def test_metrics_and_a_service_that_is_not_there_are_not_found(envoy: Envoy, name: str, path: str) -> None:
    with through(envoy, name) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.usefixtures("shops")
def test_nobody_is_limited_there_and_a_body_may_be_large(envoy: Envoy) -> None:
    with through(envoy, "shop") as client:
        answers = {client.post("/items", content=b"x" * LARGE).status_code for _ in range(5)}
    assert answers == {200}


def test_no_replica_left_is_unavailable_and_not_definite(envoy: Envoy, shops: list[Program]) -> None:
    shops[2].kill()
    with through(envoy, "till") as client:
        answer = client.post("/charges", json={})
    assert (answer.status_code, answer.json()["definite"], answer.json()["retryable"]) == (503, False, True)


def test_nothing_is_sent_twice_not_even_what_nobody_took(supervisor: Supervisor) -> None:
    """The replica that is health-checked and refuses everything else stands before one that would take it."""
    taken: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection:
                while head := connection.recv(65536):
                    if head.startswith(b"GET /readyz"):
                        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    else:
                        taken.append(head)
                        return

        threading.Thread(target=serve, daemon=True).start()
        envoy = Envoy("doored-alone", doors=["till"])
        supervisor.start(envoy)
        try:
            envoy.route([Upstream("till", [address], [])])
            with through(envoy, "till") as client:
                assert client.post("/charges", json={}).status_code == 503
        finally:
            envoy.stop()
    assert len(taken) == 1


@pytest.mark.usefixtures("shops")
def test_a_door_stays_where_it_is_when_its_edge_starts_again(supervisor: Supervisor, envoy: Envoy) -> None:
    before = envoy.door_url("shop")
    envoy.kill()
    supervisor.start(envoy)
    assert envoy.door_url("shop") == before
    assert envoy.endpoints["door_shop"] == before
    with through(envoy, "shop") as client:
        assert client.post("/items", json={}).status_code == 200
