"""As many requests are served as may be; one more is told so at once, and health is answered whatever goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from running import Running, running, until

from trivet_chassis import SheddingMiddleware

PROGRAM = """
import asyncio, sys
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from trivet_chassis import (
    Drain,
    OPEN_PATHS, Health, LimitsMiddleware, MetricsMiddleware, SheddingMiddleware, TraceMiddleware, Units,
    configure_logs, metrics_route, problem_handlers, run_server, serve_asgi,
)

health, registry, doors = Health({}), CollectorRegistry(), asyncio.Queue()

async def hold(request):
    print("held", flush=True)
    await doors.get()
    return PlainTextResponse("held")

async def release(request):
    doors.put_nowait(None)
    return PlainTextResponse("released")

async def quick(request):
    return PlainTextResponse("quick")

async def fail(request):
    raise RuntimeError("nobody thought of this")

async def main():
    own = [Route("/hold", hold), Route("/release", release), Route("/quick", quick, methods=["GET", "POST"]),
           Route("/fail", fail), metrics_route(registry)]
    limited = LimitsMiddleware(Starlette(routes=[*own, *health.routes()], exception_handlers=problem_handlers()))

    async def app(scope, receive, send):
        if scope["path"] == "/slow":
            print("begun", flush=True)
        await limited(scope, receive, send)

    app = SheddingMiddleware(app, int(sys.argv[2]), OPEN_PATHS | {"/release"}, "shop", registry)
    app = TraceMiddleware(MetricsMiddleware(app, "shop", registry), "node-1")
    await serve_asgi(app, health, Units(), listen=sys.argv[1], drain=Drain(0, 5))

configure_logs("shop", sys.argv[1], "critical")
run_server(main())
"""


@pytest.fixture
def shop() -> Iterator[Running]:
    """Two may be served at once."""
    with running(PROGRAM, "2") as served:
        yield served


@pytest.fixture
def narrow_shop() -> Iterator[Running]:
    """One may be served at once."""
    with running(PROGRAM, "1") as served:
        yield served


def holding(shop: Running) -> HTTPConnection:
    """Ask for what is held, and return once it has begun."""
    connection = HTTPConnection("127.0.0.1", shop.port, timeout=20)
    connection.request("GET", "/hold")
    shop.read_until("held")
    return connection


def ask(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> httpx.Response:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())


def test_one_more_is_turned_away_at_once_and_served_once_there_is_room(shop: Running) -> None:
    held = [holding(shop), holding(shop)]
    other = HTTPConnection("127.0.0.1", shop.port, timeout=20)
    other.connect()
    kept = other.sock
    for body in (None, b"read by nobody"):
        answer = ask(other, "POST", "/quick", body)
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["definite"], problem["retryable"]) == (
            429,
            "queue-full",
            True,
            True,
        )
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["x-trivet-node"] == "node-1"
        assert answer.headers["traceparent"].split("-")[1] == problem["trace_id"] != "0" * 32
    assert shop.get("/release")[0] == 200
    until(lambda: ask(other, "POST", "/quick", b"read").status_code == 200)
    assert other.sock is kept
    assert shop.get("/release")[0] == 200
    for connection in held:
        assert connection.getresponse().read() == b"held"
        connection.close()
    other.close()


def test_health_and_metrics_are_answered_when_there_is_no_room(narrow_shop: Running) -> None:
    held = holding(narrow_shop)
    assert narrow_shop.status("/quick") == 429
    assert narrow_shop.status("/livez") == 200
    assert narrow_shop.status("/readyz") == 200
    status, metrics = narrow_shop.get("/metrics")
    assert status == 200
    assert b'trivet_http_requests_shed_total{member="shop"} 1.0' in metrics
    assert b'method="GET",route="unmatched",status="429"' in metrics
    held.close()


def test_who_sends_a_slow_body_has_a_place_and_gives_it_back_by_leaving(narrow_shop: Running) -> None:
    with narrow_shop.connect() as slow:
        slow.sendall(b"POST /slow HTTP/1.1\r\nhost: shop\r\ncontent-length: 9\r\n\r\nhalf")
        narrow_shop.read_until("begun")
        assert narrow_shop.status("/quick") == 429
    until(lambda: narrow_shop.status("/quick") == 200)


def test_a_defect_gives_its_place_back(narrow_shop: Running) -> None:
    for _ in range(3):
        until(lambda: narrow_shop.status("/fail") == 500)


def test_a_request_that_is_cancelled_gives_its_place_back() -> None:
    begun = asyncio.Event()

    async def app(scope: Any, _: Any, send: Any) -> None:
        if scope["path"] == "/hold":
            begun.set()
            await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def use() -> list[int]:
        transport = httpx.ASGITransport(SheddingMiddleware(app, 1, (), "shop", CollectorRegistry()))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
            held = asyncio.create_task(http.get("/hold"))
            await begun.wait()
            statuses = [(await http.get("/quick")).status_code]
            held.cancel()
            await asyncio.wait([held])
            return [*statuses, (await http.get("/quick")).status_code]

    assert asyncio.run(use()) == [429, 200]
