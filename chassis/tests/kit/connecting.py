"""A program whose connections are bounded tightly, and what is said on one."""

from __future__ import annotations

import socket

from running import statuses, to_end

PROGRAM = """
import asyncio, gc, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from trivet_chassis import Drain, Health, LimitsMiddleware, Units, configure_logs, run_server, serve_asgi
from trivet_chassis.connections import ConnectionLimits
from trivet_chassis.protocol import HttpToolsProtocol

health, released = Health({}), asyncio.Event()

async def hold(request):
    print("held", flush=True)
    await released.wait()
    return PlainTextResponse("held")

async def release(request):
    released.set()
    return PlainTextResponse("released")

async def echo(request):
    body = await request.body()
    return PlainTextResponse(request.headers.get("x-after", "") + body.decode())

async def unread(request):
    return PlainTextResponse("never asked")

async def large(request):
    return PlainTextResponse("x" * 16_000_000)

async def connections(request):
    gc.collect()
    return PlainTextResponse(str(sum(isinstance(thing, HttpToolsProtocol) for thing in gc.get_objects())))

async def main():
    own = [Route("/hold", hold), Route("/release", release), Route("/echo", echo, methods=["POST"]),
           Route("/large", large), Route("/unread", unread, methods=["POST"]), Route("/connections", connections)]
    routes = Starlette(routes=[*own, *health.routes()])
    limited = LimitsMiddleware(routes)

    async def app(scope, receive, send):
        await (routes if scope["path"] == "/unread" else limited)(scope, receive, send)

    limits = ConnectionLimits(head_deadline_s=float(sys.argv[2]), head_bytes_max=4096, head_fields_max=10,
                              pipelined_max=5, unread_deadline_s=0.4,
                              connections_max=int(sys.argv[3]) if sys.argv[3:] else 2000)
    await serve_asgi(app, health, Units(), listen=sys.argv[1], drain=Drain(0, 5), limits=limits)

configure_logs("shop", sys.argv[1])
run_server(main())
"""
GET = b"GET /livez HTTP/1.1\r\nhost: shop\r\n\r\n"
HOLD = b"GET /hold HTTP/1.1\r\nhost: shop\r\n\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n"


def answered(client: socket.socket, body: bytes) -> None:
    """Read one answer to the end of its body."""
    said = b""
    while not said.endswith(body):
        piece = client.recv(65536)
        assert piece, said
        said += piece


def refused(client: socket.socket, detail: bytes) -> None:
    """Read a refusal and the end of the connection after it."""
    said = to_end(client)
    assert statuses(said) == [400]
    assert b'"code":"invalid-request"' in said
    assert b'"definite":true' in said
    assert b"connection: close" in said
    assert detail in said
