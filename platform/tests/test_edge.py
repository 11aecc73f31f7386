"""What the load balancer routes, what it hides, and what it says itself."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from trivet_platform import Envoy, Program, RouteFailed, Supervisor, Upstream
from trivet_platform.envoy_config import internal_pattern

TRACE = "0123456789abcdef0123456789abcdef"
EDGE = ["/buy-item", "/items"]
INTERNAL = ["/items/batch", "/items/*/history"]


@pytest.fixture(scope="module")
def envoy(supervisor: Supervisor) -> Iterator[Envoy]:
    part = Envoy("edge")
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture
def client(envoy: Envoy) -> Iterator[httpx.Client]:
    headers = {"traceparent": f"00-{TRACE}-0123456789abcdef-01"}
    with httpx.Client(base_url=envoy.url, headers=headers, timeout=30, trust_env=False) as opened:
        yield opened


@pytest.fixture
def shop(supervisor: Supervisor, envoy: Envoy, service: Callable[..., Program]) -> Iterator[list[Program]]:
    replicas = [service("first"), service("second")]
    supervisor.start(*replicas)
    envoy.route([upstream(replicas)])
    yield replicas
    for replica in replicas:
        replica.kill()


def upstream(replicas: list[Program]) -> Upstream:
    return Upstream("shop", [replica.listen for replica in replicas if replica.listen], EDGE, INTERNAL)


def assert_problem(answer: httpx.Response, status: int, code: str, *, definite: bool, retryable: bool) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.pop("detail")
    assert body.pop("title")
    assert (answer.status_code, body) == (
        status,
        {
            "type": f"urn:trivet:problem:{code}",
            "status": status,
            "code": code,
            "definite": definite,
            "retryable": retryable,
            "trace_id": TRACE,
        },
    )
    assert ("retry-after" in answer.headers) == retryable


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", ["/items", "/items/", "/items/a?x=1", "/items/batches", "/buy-item"])
def test_edge_prefixes_are_routed_to_every_replica(client: httpx.Client, path: str) -> None:
    answers = [client.post(path, json={}) for _ in range(40)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["path"] for answer in answers} == {path}
    assert {answer.json()["name"] for answer in answers} == {"first", "second"}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/metrics",
        "/readyz",
        "/itemsbatch",
        "/items/batch",
        "/items/batch/",
        "/items/batch/more",
        "/items/batch?x=1",
        "/items//batch",
        "/items/./batch",
        "/items/a/../batch",
        "/items/%62atch",
        "/items/a/history",
    ],
)
def test_everything_else_is_not_found(client: httpx.Client, path: str) -> None:
    # httpx would tidy the path itself: the raw one is what an attacker sends.
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert_problem(client.send(request), 404, "not-found", definite=True, retryable=False)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", ["/items/batch%0A", "/items/%0abatch", "/items/%00", "/items/x%7F?y=%0A"])
def test_a_path_that_cannot_be_printed_is_refused(client: httpx.Client, path: str) -> None:
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = client.send(request)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


@pytest.mark.usefixtures("shop")
def test_an_escaped_slash_is_refused(client: httpx.Client) -> None:
    answer = client.get("/items%2Fbatch")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid-request"


def test_a_dead_replica_gets_nothing_that_another_can_answer(client: httpx.Client, shop: list[Program]) -> None:
    shop[0].kill()
    answers = [client.post("/buy-item", json={}) for _ in range(40)]
    assert {(answer.status_code, answer.json()["name"]) for answer in answers} == {(200, "second")}


def test_no_replica_left_is_unavailable_and_not_definite(client: httpx.Client, shop: list[Program]) -> None:
    for replica in shop:
        replica.kill()
    assert_problem(client.post("/buy-item", json={}), 503, "unavailable", definite=False, retryable=True)


def test_a_request_that_was_sent_is_never_sent_again(client: httpx.Client, envoy: Envoy) -> None:
    received: list[str] = []

    class Cut(http.server.BaseHTTPRequestHandler):
        """Takes a sale and cuts the connection instead of answering."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            received.append(self.path)

        def log_message(self, *words: object) -> None:
            del words

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    envoy.route([Upstream("cut", [f"127.0.0.1:{server.server_port}" for server in servers], EDGE)])
    answer = client.post("/buy-item", json={})
    for server in servers:
        server.shutdown()
        server.server_close()
    assert received == ["/buy-item"]
    assert_problem(answer, 503, "unavailable", definite=False, retryable=True)


def test_routes_are_in_effect_when_route_returns(
    client: httpx.Client, supervisor: Supervisor, envoy: Envoy, shop: list[Program], service: Callable[..., Program]
) -> None:
    others = [service("third"), service("fourth")]
    supervisor.start(*others)
    for replicas, names in [(others, {"third", "fourth"}), (shop, {"first", "second"})] * 3:
        envoy.route([upstream(replicas)])
        assert {client.get("/items").json()["name"] for _ in range(20)} <= names
    envoy.route([])
    assert client.get("/items").status_code == 404
    for other in others:
        other.kill()


def test_routes_survive_a_restart_of_the_edge(
    client: httpx.Client, supervisor: Supervisor, envoy: Envoy, shop: list[Program]
) -> None:
    envoy.kill()
    supervisor.start(envoy)
    assert client.get("/items").json()["name"] in {"first", "second"}
    assert len(shop) == 2


def test_routing_on_a_dead_edge_fails_with_the_reason(supervisor: Supervisor) -> None:
    part = Envoy("short-lived")
    supervisor.start(part)
    part.kill()
    with pytest.raises(RouteFailed, match=r"short-lived took no new routes: ended by SIGKILL"):
        part.route([Upstream("shop", ["127.0.0.1:1"], EDGE)])


@pytest.mark.parametrize(
    ("pattern", "path", "hidden"),
    [
        ("/items/batch", "/items/batch", True),
        ("/items/batch", "/items/batch/x", True),
        ("/items/batch", "/items/batches", False),
        ("/items/*/history", "/items/a/history", True),
        ("/items/*/history", "/items/a/b/history", False),
        ("/items/*/history", "/items//history", False),
        ("/items/a.b", "/items/aXb", False),
    ],
)
def test_internal_patterns(pattern: str, path: str, hidden: bool) -> None:  # noqa: FBT001  - a table's column
    assert bool(re.fullmatch(internal_pattern(pattern), path)) is hidden
