"""Who is turned away at the door of what kills processes; and that nothing happened then."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.control import ControlServer
from trivet_lab.control.gate import BODY_BYTES_MAX
from trivet_lab.control.problems import KINDS, MEDIA_TYPE, TYPE_PREFIX
from trivet_lab.control.server import CONNECTIONS_MAX
from trivet_lab.faults import Target
from trivet_lab.settings import lab_settings

KILL = json.dumps({"fault": "kill", "target": "valkey-2"}).encode()
PATHS = [
    ("GET", "/parts", None),
    ("POST", "/parts/valkey-2/start", b""),
    ("POST", "/parts/valkey-2/stop", b""),
    ("GET", "/faults", None),
    ("POST", "/faults", KILL),
    ("POST", "/faults/heal", b"{}"),
    ("POST", "/faults/1/heal", b"{}"),
    ("GET", "/nowhere", None),
]
STRANGERS: list[tuple[str, dict[str, str | None], int, str]] = [
    ("no token", {"Authorization": None}, 401, "unauthenticated"),
    ("wrong token", {"Authorization": "Bearer another"}, 401, "unauthenticated"),
    ("half a token", {"Authorization": "Bearer a-token"}, 401, "unauthenticated"),
    ("bare token", {"Authorization": "a-token-of-this-test"}, 401, "unauthenticated"),
    ("rebound name", {"Host": "evil.example:80"}, 403, "forbidden"),
    ("a name of this machine", {"Host": "localhost"}, 403, "forbidden"),
    ("another port", {"Host": "127.0.0.1:1"}, 403, "forbidden"),
    ("foreign page", {"Origin": "http://evil.example"}, 403, "forbidden"),
    ("page without an origin", {"Origin": "null"}, 403, "forbidden"),
    ("page of another port", {"Origin": "http://127.0.0.1:1"}, 403, "forbidden"),
]
FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/plain; json", None]


@pytest.fixture
def untouched(targets: dict[str, Target]):
    """The pids of every part are the same after the test."""
    before = {name: target.part.pids for name, target in targets.items()}
    yield
    assert {name: target.part.pids for name, target in targets.items()} == before


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code), answer
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.body["type"] == TYPE_PREFIX + code
    assert (answer.body["status"], answer.body["definite"]) == (status, True)
    assert answer.body["detail"]
    assert not any(name.startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize(("headers", "status", "code"), [case[1:] for case in STRANGERS], ids=[s[0] for s in STRANGERS])
@pytest.mark.parametrize(("method", "path", "body"), PATHS, ids=[f"{method} {path}" for method, path, _ in PATHS])
@pytest.mark.usefixtures("untouched")
def test_a_stranger_is_turned_away_everywhere(wire, method, path, body, headers, status, code) -> None:
    answer = wire.send(method, path, wire.honest | headers, body)
    refused(answer, status, code)
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize(("method", "path", "body"), [path for path in PATHS if path[0] == "POST"])
@pytest.mark.usefixtures("untouched")
def test_what_a_form_can_send_is_refused(wire, method, path, body, kind) -> None:
    refused(wire.send(method, path, wire.honest | {"Content-Type": kind}, body), 415, "unsupported-media-type")


def test_a_second_token_beside_the_right_one_is_refused(wire) -> None:
    """Whoever sends a header twice hopes that two readers read different ones."""
    answer = wire.send("GET", "/parts", wire.honest | {"authorization": "Bearer another"})
    refused(answer, 401, "unauthenticated")


def test_a_request_without_a_host_is_refused(wire) -> None:
    host, _, port = wire.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET /parts HTTP/1.0\r\nAuthorization: Bearer a-token-of-this-test\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"403"


def test_the_honest_are_let_in_with_and_without_an_origin(wire) -> None:
    for origin in (f"http://{wire.address}", None):
        assert wire.send("GET", "/parts", wire.honest | {"Origin": origin}).status == 200
    told = wire.send("POST", "/faults/heal", wire.honest | {"Content-Type": "Application/JSON; charset=utf-8"}, b"{}")
    assert told.status == 200


@pytest.mark.usefixtures("untouched")
def test_a_huge_body_is_not_even_read(wire) -> None:
    """It is announced and never sent: an answer comes all the same."""
    headers = wire.honest | {"Content-Length": str(BODY_BYTES_MAX + 1)}
    refused(wire.send("POST", "/faults", headers), 413, "payload-too-large")


@pytest.mark.usefixtures("untouched")
def test_a_body_that_hides_its_size_is_cut_off(wire) -> None:
    """Its end is never sent, so an answer comes only from who counts."""
    host, _, port = wire.address.partition(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in wire.honest.items())
    chunk = KILL + b" " * (BODY_BYTES_MAX + 1 - len(KILL))
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"POST /faults HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, json.loads(response.read())["code"]) == (413, "payload-too-large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"fault": "kill"}',
        b'{"fault": 1, "target": "valkey-2"}',
        b'{"fault": "kill", "target": "valkey-2", "for_s": -1}',
        b'{"fault": "kill", "target": "valkey-2", "for_s": "long"}',
        b'{"fault": "kill", "target": "valkey-2", "hard": true}',
        b'{"fault": "kill", "target": "\xff"}',
        b'{"fault": "explode", "target": "valkey-2"}',
        b'{"fault": "kill", "target": "mysql"}',
        b'{"fault": "kill", "target": "valkey-2", "argument": "9"}',
        b'{"fault": "delay", "target": "valkey-2"}',
        b'{"fault": "failpoint", "target": "valkey-2", "argument": "a.b=kill"}',
        b'{"fault": "failpoint", "target": "one", "argument": "a.b=kill"}',
    ],
)
@pytest.mark.usefixtures("untouched")
def test_what_is_no_fault_is_refused_in_one_sentence(wire, body) -> None:
    refused(wire.send("POST", "/faults", wire.honest, body), 400, "invalid-request")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/platform.json"),
        ("POST", "/parts/mysql/start"),
        ("POST", "/parts/..%2f/stop"),
        ("POST", "/faults/9/heal"),
        ("POST", "/faults/x/heal"),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_what_is_not_there_is_not_found(wire, method, path) -> None:
    refused(wire.send(method, path, wire.honest, b"{}" if method == "POST" else None), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/parts/valkey-2/stop", "POST"),
        ("GET", "/faults/heal", "POST"),
        ("GET", "/faults/1/heal", "POST"),
        ("POST", "/parts", "GET"),
        ("DELETE", "/faults", "GET"),
        ("OPTIONS", "/faults", "GET"),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_a_link_or_an_image_cannot_change_anything(wire, method, path, allowed) -> None:
    answer = wire.send(method, path, wire.honest, b"{}" if method == "POST" else None)
    refused(answer, 405, "method-not-allowed")
    assert allowed in answer.headers["allow"]


def test_it_listens_on_loopback_alone(server: ControlServer) -> None:
    assert server._socket.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_leads_to_another(server: ControlServer, targets: dict[str, Target]) -> None:
    taken = server._socket.getsockname()[1]
    with ControlServer(targets, "x", 0, taken) as other:
        assert other.url != server.url


def is_let_in(address: tuple[str, int]) -> bool:
    with socket.create_connection(address, timeout=5) as one:
        try:
            one.sendall(b"GET /parts HTTP/1.0\r\n\r\n")
            return one.recv(1) == b"H"
        except ConnectionError:
            return False


def test_who_only_holds_connections_gets_so_many_and_no_more(targets: dict[str, Target]) -> None:
    """They say nothing, so no answer ever ends them; when they have gone, others are let in again."""
    with ControlServer(targets, "x", 0) as served, contextlib.ExitStack() as held:
        address = ("127.0.0.1", served._socket.getsockname()[1])
        for _ in range(CONNECTIONS_MAX):
            held.enter_context(socket.create_connection(address, timeout=5))
        with socket.create_connection(address, timeout=5) as surplus:
            assert surplus.recv(1) == b"", "hung up on"
        assert not is_let_in(address)
        held.pop_all().close()
        assert any(is_let_in(address) for _ in range(1000)), "the server hears in its own time that they have gone"


def test_the_problems_are_those_of_the_table() -> None:
    table = json.loads((Path(lab_settings().root) / "contracts" / "problems.json").read_text())
    assert (table["media_type"], table["type_prefix"]) == (MEDIA_TYPE, TYPE_PREFIX)
    known = {kind["code"]: kind for kind in table["problems"]}
    for code, kind in KINDS.items():
        assert (kind.status, kind.title, kind.retryable) == tuple(
            known[code][n] for n in ("status", "title", "retryable")
        )
