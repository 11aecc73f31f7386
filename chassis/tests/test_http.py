"""What every service answers the same way: limits, health, metrics and the framework's own refusals."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trivet_chassis import (
    Health,
    InvalidRequest,
    LimitsMiddleware,
    MetricsMiddleware,
    TraceMiddleware,
    Unavailable,
    configure_logs,
    metrics_route,
    problem_handlers,
)
from trivet_chassis.lines import stdout_lines


async def echo(request: Request) -> Response:
    return Response(await request.body())


async def listing(_: Request) -> Response:
    return JSONResponse([])


async def defect(_: Request) -> Response:
    raise RuntimeError("nobody thought of this")


async def wrapped(_: Request) -> Response:
    raise HTTPException(400, "reading failed") from InvalidRequest("the body has the name x twice")


async def away(_: Request) -> Response:
    raise Unavailable("the database is away", definite=True, retry_after_s=7)


def build(health: Health | None = None, body_deadline_s: float = 60) -> tuple[Any, CollectorRegistry]:
    registry = CollectorRegistry()
    routes = [
        Route("/things", listing, methods=["GET"]),
        Route("/things", echo, methods=["POST"]),
        Route("/things/{thing}", echo, methods=["PUT"]),
        Route("/defect", defect),
        Route("/wrapped", wrapped),
        Route("/away", away),
        metrics_route(registry),
        *(health or Health({})).routes(),
    ]
    app = Starlette(routes=routes, exception_handlers=problem_handlers())
    limited = LimitsMiddleware(app, body_bytes_max=10, body_deadline_s=body_deadline_s)
    return TraceMiddleware(MetricsMiddleware(limited, "shop", registry), "node-1"), registry


def client(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


def ask(*args: Any, app: Any = None, **kwargs: Any) -> httpx.Response:
    async def once() -> httpx.Response:
        async with client(app or build()[0]) as http:
            return await http.request(*args, **kwargs)

    return asyncio.run(once())


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["trace_id"] == answer.headers["traceparent"].split("-")[1]
    assert answer.headers["x-trivet-node"] == "node-1"
    return body


def test_not_found_and_method_not_allowed_are_problems() -> None:
    assert problem(ask("GET", "/nowhere"))["code"] == "not-found"
    answer = ask("DELETE", "/things")
    assert problem(answer)["code"] == "method-not-allowed"
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_a_defect_is_an_unknown_outcome_and_says_nothing_of_itself() -> None:
    body = problem(ask("GET", "/defect"))
    assert (body["code"], body["definite"]) == ("internal", False)
    assert "nobody" not in json.dumps(body)


def test_an_error_that_the_framework_wrapped_is_told_as_it_was() -> None:
    assert problem(ask("GET", "/wrapped"))["detail"] == "the body has the name x twice"


def test_retry_after_is_the_errors_own() -> None:
    assert ask("GET", "/away").headers["retry-after"] == "7"


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize("stream", [False, True], ids=["announced", "streamed"])
def test_a_body_is_read_up_to_the_limit_and_not_past_it(stream: bool) -> None:  # noqa: FBT001  - pytest passes it
    def body(size: int) -> Any:
        return pieces(b"x" * 6, b"x" * (size - 6)) if stream else b"x" * size

    assert ask("POST", "/things", content=body(10)).content == b"x" * 10
    answer = ask("POST", "/things", content=body(11))
    assert problem(answer)["code"] == "payload-too-large"
    assert answer.headers["connection"] == "close"


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    answer = ask("POST", "/things", content=endless(), app=build(body_deadline_s=0.01)[0])
    assert problem(answer)["detail"] == "the body did not arrive within 0.01 s"


def health_of(check: Callable[[], Any], deadline_ms: int = 60_000) -> httpx.Response:
    return ask("GET", "/readyz", app=build(Health({"database": check}, deadline_ms))[0])


def test_readiness_names_what_is_missing() -> None:
    async def fine() -> None: ...

    async def missing() -> str:
        return "does not answer"

    async def hanging() -> None:
        await asyncio.Event().wait()

    async def broken() -> None:
        raise OSError("refused")

    assert health_of(fine).json() == {"ready": True, "checks": {"database": None}}
    for check, deadline_ms, sentence in [
        (missing, 60_000, "does not answer"),
        (hanging, 1, "did not answer within 1 ms"),
        (broken, 60_000, "OSError: refused"),
    ]:
        body = problem(health_of(check, deadline_ms))
        assert (body["status"], body["checks"]) == (503, {"database": sentence})


def test_draining_is_unready_but_alive() -> None:
    health = Health({})
    app = build(health)[0]
    assert ask("GET", "/readyz", app=app).status_code == 200
    assert not health.is_draining
    health.drain()
    assert health.is_draining
    assert problem(ask("GET", "/readyz", app=app))["detail"] == "process is draining"
    assert ask("GET", "/livez", app=app).json() == {"live": True}


def test_requests_are_counted_by_template_and_never_by_path() -> None:
    app, registry = build()
    for path in ("/things/a", "/things/b", "/nowhere/c", "/nowhere/d"):
        ask("PUT", path, app=app)
    ask("FANCY", "/things/a", app=app)
    text = generate_latest(registry).decode()
    assert 'seconds_count{member="shop",method="PUT",route="/things/{thing}",status="200"} 2.0' in text
    assert 'seconds_count{member="shop",method="PUT",route="unmatched",status="404"} 2.0' in text
    assert 'method="other"' in text
    assert 'trivet_http_requests_in_flight{member="shop"} 0.0' in text
    assert ask("GET", "/metrics", app=app).headers["content-type"].startswith("text/plain")


@pytest.fixture
def json_logs() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configure_logs("shop", "node-1")
    yield
    root.handlers, _ = before[0], root.setLevel(before[1])
    structlog.reset_defaults()  # a logger that is first used meanwhile would keep this level for good


@pytest.mark.usefixtures("json_logs")
def test_a_log_line_is_json_with_the_trace(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("shop", "node-1")
    answer = ask("GET", "/away")
    logging.getLogger("asyncpg").warning("from the %s library", "standard")
    assert stdout_lines.flush(20)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    (refused,) = [line for line in lines if line["event"] == "refused"]
    assert refused["trace_id"] == answer.json()["trace_id"]
    assert (refused["member"], refused["node"], refused["level"]) == ("shop", "node-1", "warning")
    assert any(line["event"] == "from the standard library" for line in lines)
