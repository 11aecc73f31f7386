"""A control API over real masters, a link and a program, and clients that are honest, and others that are not."""

from __future__ import annotations

import dataclasses
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from trivet_lab.control import CONTROL_URL, ControlClient, ControlServer, Running
from trivet_lab.faults import Target, targets_of
from trivet_platform import Link, Part, Program, Supervisor, Valkey

TOKEN = "a-token-of-this-test"


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


@dataclasses.dataclass
class Wire:
    """Sends exactly what a test says: nothing is added but what HTTP needs."""

    address: str

    @property
    def honest(self) -> dict[str, str]:
        return {
            "Host": self.address,
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "Origin": f"http://{self.address}",
        }

    def send(self, method: str, path: str, headers: Mapping[str, str | None], body: bytes | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None and "Content-Length" not in headers:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            text = response.read()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, json.loads(text) if text else None)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def targets(supervisor: Supervisor, request: pytest.FixtureRequest) -> dict[str, Target]:
    name = request.node.path.stem
    masters = [Valkey(f"{name}-valkey-{number}") for number in (1, 2, 3)]
    replica = Program(f"{name}-replica", ["sleep", "3600"])
    supervisor.start(replica, *masters)
    link = Link(f"{name}-link", f"127.0.0.1:{masters[0].port}")
    supervisor.start(link)
    parts: dict[str, Part] = {f"valkey-{number}": part for number, part in enumerate(masters, 1)}
    parts |= {"inventory-api-1": replica, "inventory-api-1-to-valkey-1": link}
    return targets_of(parts, supervisor.start, supervisor.directory / "log")


@pytest.fixture
def serve(targets: dict[str, Target]) -> Iterator[Callable[[Mapping[str, Target]], ControlServer]]:
    """Return what serves an API over these targets; whatever a test broke is well again after it."""
    served: list[ControlServer] = []

    def begin(over: Mapping[str, Target]) -> ControlServer:
        server = ControlServer(over, TOKEN, time.monotonic_ns())
        served.append(server)
        return server.__enter__()

    yield begin
    for server in served:
        server.__exit__(None, None, None)
    for target in targets.values():
        target.part.resume()
        if not target.part.pids:
            target.start(target.part)


@pytest.fixture(scope="module")
def server(targets: dict[str, Target]) -> Iterator[ControlServer]:
    """One for all tests that are turned away: they leave it as it was."""
    with ControlServer(targets, TOKEN, time.monotonic_ns()) as served:
        yield served


@pytest.fixture
def connect(serve: Callable[[Mapping[str, Target]], ControlServer]) -> Callable[..., ControlClient]:
    """Return what serves an API over these targets and gives a client of it."""

    def client_of(over: Mapping[str, Target]) -> ControlClient:
        return ControlClient(Running(Path("platform.json"), {CONTROL_URL: serve(over).url}, TOKEN, {}))

    return client_of


@pytest.fixture
def client(connect: Callable[..., ControlClient], targets: dict[str, Target]) -> ControlClient:
    return connect(targets)


@pytest.fixture(scope="module")
def wire(server: ControlServer) -> Wire:
    return Wire(urlsplit(server.url).netloc)
