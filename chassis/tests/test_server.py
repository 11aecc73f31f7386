"""A process serves until it is told to go, says so first, answers what it has begun and then ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from trivet_chassis import host_and_port

PROGRAM = """
import asyncio, gc, sys, time
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from trivet_chassis import Health, Units, configure_logs, run_server, serve_asgi

health, units = Health({}), Units()

async def slow(request):
    print("begun", flush=True)
    await units.run(asyncio.to_thread(time.sleep, 0.5))
    return PlainTextResponse("done")

async def frozen(request):
    return PlainTextResponse(str(gc.get_freeze_count()))

async def seen(request):
    return PlainTextResponse(f"{request.url.scheme} {request.client.host}")

async def later():
    await asyncio.sleep(0.3)
    print("settled", flush=True)

async def outlive(request):
    request.app.state.kept = asyncio.create_task(units.run(later()))
    return PlainTextResponse("begun")

async def beside():
    try:
        await asyncio.Event().wait()
    finally:
        print("beside ended", flush=True)

async def main():
    own = [Route("/slow", slow), Route("/outlive", outlive), Route("/frozen", frozen), Route("/seen", seen)]
    app = Starlette(routes=[*own, *health.routes()])
    works = [beside(), asyncio.sleep(0), asyncio.to_thread(int, "broken")]
    await serve_asgi(app, health, units, listen=sys.argv[1], drain_delay_ms=int(sys.argv[2]), drain_timeout_s=5,
                     background=works, proxies=sys.argv[3:])
    print("returned", flush=True)

configure_logs("shop", sys.argv[1])
run_server(main())
"""


class Running:
    """The program, and what it answers."""

    def __init__(self, drain_delay_ms: int, *proxies: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = [sys.executable, "-c", PROGRAM, f"127.0.0.1:{self.port}", str(drain_delay_ms), *proxies]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def status(self, path: str) -> int | None:
        try:
            return self.get(path)[0]
        except OSError:
            return None

    def read_until(self, word: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if word in line:
                return
        raise AssertionError(f"{word} was not told")

    def rest(self) -> str:
        said, _ = self.process.communicate(timeout=20)
        return said


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@contextmanager
def serving(drain_delay_ms: int, *proxies: str) -> Iterator[Running]:
    running = Running(drain_delay_ms, *proxies)
    try:
        until(lambda: running.status("/livez") == 200)
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def test_it_is_unready_before_it_stops_listening() -> None:
    with serving(60_000) as running:
        assert running.status("/readyz") == 200
        running.process.send_signal(signal.SIGTERM)
        until(lambda: running.status("/readyz") == 503)
        assert running.status("/livez") == 200
        running.process.send_signal(signal.SIGTERM)
        assert "returned" in running.rest()
        assert running.process.returncode == 0


def test_what_start_up_left_is_out_of_the_collectors_rounds() -> None:
    with serving(0) as running:
        status, count = running.get("/frozen")
        assert (status, int(count) > 10_000) == (200, True)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ([], b"http 127.0.0.1"),
        (["127.0.0.2", "10.0.0.0/8"], b"http 127.0.0.1"),
        (["127.0.0.0/30"], b"https 10.9.8.7"),
    ],
    ids=["nobody", "others", "the one who asks"],
)
def test_who_is_no_proxy_is_not_believed_whence_a_request_comes(
    monkeypatch: pytest.MonkeyPatch, proxies: list[str], seen: bytes
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own, which is no setting of a service
    with serving(0, *proxies) as running:
        assert running.get("/seen", x_forwarded_proto="https", x_forwarded_for="10.9.8.7") == (200, seen)


def test_a_request_that_was_begun_is_answered() -> None:
    with serving(0) as running:
        answers: list[tuple[int, bytes]] = []
        asking = threading.Thread(target=lambda: answers.append(running.get("/slow")))
        asking.start()
        running.read_until("begun")
        running.process.send_signal(signal.SIGTERM)
        asking.join()
        assert answers == [(200, b"done")]
        assert running.process.wait(20) == 0


def test_work_in_flight_is_settled_after_what_runs_beside_was_ended() -> None:
    with serving(0) as running:
        assert running.get("/outlive") == (200, b"begun")
        running.process.send_signal(signal.SIGTERM)
        said = running.rest()
        assert said.index("beside ended") < said.index("settled") < said.index("returned")
        assert "background work failed" in said
        assert "invalid literal" in said


def test_what_is_no_http_is_answered_with_a_problem() -> None:
    with serving(0) as running, socket.create_connection(("127.0.0.1", running.port), timeout=10) as stranger:
        stranger.sendall(b"nonsense\r\n\r\n")
        said = b"".join(iter(lambda: stranger.recv(4096), b""))
        assert said.startswith(b"HTTP/1.1 400 ")
        assert f"x-trivet-node: 127.0.0.1:{running.port}".encode() in said
        assert b'"code":"invalid-request"' in said


def test_an_address_is_host_and_port() -> None:
    assert host_and_port("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert host_and_port("[::1]:8000") == ("::1", 8000)


@pytest.mark.parametrize("listen", ["8000", "localhost", "localhost:", ":8000", "localhost:http", "localhost:70000"])
def test_an_address_without_host_or_port_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="must be host:port, not "):
        host_and_port(listen)
