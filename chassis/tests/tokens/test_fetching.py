"""A document comes whole and in time, from where it was asked for, or not at all."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from trivet_chassis.tokens import fetch_document
from trivet_chassis.tokens.fetching import is_trustworthy

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def fetched(handler: Handler) -> bytes:
    """Return what is fetched from a server that answers so."""

    async def once() -> bytes:
        app = web.Application()
        app.router.add_get("/keys", handler)
        app.router.add_get("/elsewhere", elsewhere)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            return await fetch_document(f"http://127.0.0.1:{port}/keys", deadline_s=0.3, bytes_max=1000)
        finally:
            await runner.cleanup()

    return asyncio.run(once())


def answering(body: bytes) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    return answer


elsewhere = answering(b"elsewhere")


def test_a_document_is_fetched() -> None:
    assert fetched(answering(b"x" * 1000)) == b"x" * 1000


def test_one_that_is_too_long_is_refused() -> None:
    with pytest.raises(OSError, match="more than 1000 bytes"):
        fetched(answering(b"x" * 1001))


def test_one_that_is_compressed_is_not_asked_for_and_refused() -> None:
    asked: list[str] = []

    async def compressed(request: web.Request) -> web.Response:
        asked.append(request.headers["accept-encoding"])
        return web.Response(body=gzip.compress(b"x" * 500), headers={"content-encoding": "gzip"})

    with pytest.raises(OSError, match="answers with the content encoding gzip"):
        fetched(compressed)
    assert asked == ["identity"]


def test_nobody_is_followed_elsewhere() -> None:
    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": "/elsewhere"})

    with pytest.raises(OSError, match="answers 302"):
        fetched(moved)


def test_one_that_drips_is_not_waited_for() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    with pytest.raises(TimeoutError, match="did not answer within"):
        fetched(drip)


def test_where_nobody_listens_nobody_answers() -> None:
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        asyncio.run(fetch_document("http://127.0.0.1:1/keys"))


@pytest.mark.parametrize(
    ("url", "whether"),
    [
        ("https://issuer.test/keys", True),
        ("http://127.0.0.1:8080/keys", True),
        ("http://[::1]:8080/keys", True),
        ("http://localhost/keys", True),
        ("http://issuer.test/keys", False),
        ("http://127.0.0.1.evil.test/keys", False),
        ("http://localhost.evil.test/keys", False),
        ("http://169.254.169.254/keys", False),
        ("ftp://127.0.0.1/keys", False),
        ("file:///etc/keys", False),
        ("https:///keys", False),
        ("", False),
    ],
)
def test_who_can_be_overheard_is_not_believed(url: str, *, whether: bool) -> None:
    assert is_trustworthy(url) is whether
