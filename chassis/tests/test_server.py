"""A process serves until it is told to go, says so first, answers what it has begun and then ends."""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager

import pytest
from running import Running, running, to_end, until

from trivet_chassis import host_and_port

PROGRAM = """
import asyncio, gc, sys, time
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from trivet_chassis import Drain, Health, Units, configure_logs, run_server, serve_asgi

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
    await serve_asgi(app, health, units, listen=sys.argv[1], drain=Drain(int(sys.argv[2]), 5),
                     background=works, proxies=sys.argv[3:])
    print("returned", flush=True)

configure_logs("shop", sys.argv[1])
run_server(main())
"""


def serving(drain_delay_ms: int, *proxies: str) -> AbstractContextManager[Running]:
    return running(PROGRAM, str(drain_delay_ms), *proxies)


def test_it_is_unready_before_it_stops_listening() -> None:
    with serving(60_000) as served:
        assert served.status("/readyz") == 200
        served.process.send_signal(signal.SIGTERM)
        until(lambda: served.status("/readyz") == 503)
        assert served.status("/livez") == 200
        served.process.send_signal(signal.SIGTERM)
        assert "returned" in served.rest()
        assert served.process.returncode == 0


def test_what_start_up_left_is_out_of_the_collectors_rounds() -> None:
    with serving(0) as served:
        status, count = served.get("/frozen")
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
    with serving(0, *proxies) as served:
        assert served.get("/seen", x_forwarded_proto="https", x_forwarded_for="10.9.8.7") == (200, seen)


def test_a_request_that_was_begun_is_answered() -> None:
    with serving(0) as served:
        answers: list[tuple[int, bytes]] = []
        asking = threading.Thread(target=lambda: answers.append(served.get("/slow")))
        asking.start()
        served.read_until("begun")
        served.process.send_signal(signal.SIGTERM)
        asking.join()
        assert answers == [(200, b"done")]
        assert served.process.wait(20) == 0


def test_work_in_flight_is_settled_after_what_runs_beside_was_ended() -> None:
    with serving(0) as served:
        assert served.get("/outlive") == (200, b"begun")
        served.process.send_signal(signal.SIGTERM)
        said = served.rest()
        assert said.index("beside ended") < said.index("settled") < said.index("returned")
        assert "background work failed" in said
        assert "invalid literal" in said


def test_what_is_no_http_is_answered_with_a_problem() -> None:
    with serving(0) as served, served.connect() as stranger:
        stranger.sendall(b"nonsense\r\n\r\n")
        said = to_end(stranger)
        assert said.startswith(b"HTTP/1.1 400 ")
        assert f"x-trivet-node: 127.0.0.1:{served.port}".encode() in said
        assert b'"code":"invalid-request"' in said


def test_an_address_is_host_and_port() -> None:
    assert host_and_port("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert host_and_port("[::1]:8000") == ("::1", 8000)


@pytest.mark.parametrize("listen", ["8000", "localhost", "localhost:", ":8000", "localhost:http", "localhost:70000"])
def test_an_address_without_host_or_port_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="must be host:port, not "):
        host_and_port(listen)
