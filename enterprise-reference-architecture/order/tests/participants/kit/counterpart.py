"""A service of a test that misbehaves, served in the test's own event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from asked_participants import answer_to, problem

HOST = "127.0.0.1"
Handler = Callable[["Counterpart", web.Request], Awaitable[web.StreamResponse]]


class Counterpart:
    """What it was sent, and how it answers."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[web.Request] = []
        self.sent: list[list[dict[str, Any]]] = []
        self.connections: set[Any] = set()
        self.over = asyncio.Event()
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.connections.add(request.transport)
        self.sent.append(json.loads(await request.read())["entries"])
        return await self.handler(self, request)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[Counterpart]:
    """Serve on a free port of loopback; whoever is kept waiting at the end is let go."""
    counterpart = Counterpart(handler)
    app = web.Application()
    app.router.add_post("/{route:.*}", counterpart.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    counterpart.url = f"http://{host}:{port}"
    try:
        yield counterpart
    finally:
        counterpart.over.set()
        await runner.cleanup()


@asynccontextmanager
async def raw(says: bytes) -> AsyncIterator[str]:
    """Serve something that is no HTTP: it reads what comes, says some bytes, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        writer.write(says)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        await server.wait_closed()


async def well(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    """Do everything."""
    del request
    return web.json_response({"answers": [answer_to(entry) for entry in counterpart.sent[-1]]})


async def never(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    """Take the request and never answer."""
    await counterpart.over.wait()
    return await well(counterpart, request)


async def cut(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    """Take the request and hang up."""
    assert request.transport is not None
    request.transport.abort()
    return await well(counterpart, request)


async def cut_in_the_answer(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    """Say half of the answer and hang up."""
    body = json.dumps({"answers": [answer_to(entry) for entry in counterpart.sent[-1]]}).encode()
    response = web.StreamResponse(headers={"content-length": str(len(body)), "content-type": "application/json"})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


async def half_and_never(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    """Say half of the answer and keep the rest."""
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"answers": [')
    await counterpart.over.wait()
    return response


async def without_end(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    """Answer, and go on answering."""
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(request)
    while not counterpart.over.is_set():
        try:
            await response.write(b" " * 65_536)
        except ConnectionError:
            break
    return response


def refusing(code: str, **headers: str) -> Handler:
    """Return what refuses every request with a code."""

    async def handler(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
        del counterpart, request
        body = problem(code)
        return web.json_response(body, status=body["status"], headers=headers)

    return handler
