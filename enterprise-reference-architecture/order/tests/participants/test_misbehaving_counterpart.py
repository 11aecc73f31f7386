"""Over a real socket, to somebody who is slow, hangs up, says nonsense or too much: a reply to each command in time."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from asked_participants import ALICE, answer_to, charge, circuit
from counterpart import (
    HOST,
    Counterpart,
    Handler,
    cut,
    cut_in_the_answer,
    half_and_never,
    never,
    raw,
    refusing,
    served,
    well,
    without_end,
)

from trivet_order.adapters.http import Circuit, Client, TokenFile, WalletParticipant
from trivet_order.adapters.http.client import RETRY_AFTER_S_MAX
from trivet_order.application.saga import Captured, NoAnswer, Rejected, Reply

SHORT_S = 0.25
LONG_S = 30.0


@asynccontextmanager
async def asking(url: str, deadline_s: float = LONG_S, **how: Any) -> AsyncIterator[WalletParticipant]:
    gate: Circuit = how.pop("gate", circuit())
    settings = {"connections_max": 4, "tokens": None} | how
    async with Client(**settings) as client:
        yield WalletParticipant(client, url, gate, "shop", deadline_s=deadline_s)


async def replies(handler: Handler, deadline_s: float = LONG_S, count: int = 3) -> list[Reply]:
    async with served(handler) as counterpart, asking(counterpart.url, deadline_s) as wallet:
        return list(await wallet.send([charge(uuid4()) for _ in range(count)]))


def unknown(found: list[Reply]) -> bool:
    return all(isinstance(each, NoAnswer) and not each.definite for each in found)


@pytest.mark.parametrize("handler", [never, half_and_never])
async def test_somebody_who_does_not_answer_in_time_is_not_waited_for(handler: Handler) -> None:
    found = await replies(handler, SHORT_S)
    assert len(found) == 3
    assert unknown(found)
    assert isinstance(found[0], NoAnswer)
    assert found[0].error.startswith("no answer within")


@pytest.mark.parametrize("handler", [cut, cut_in_the_answer, without_end])
async def test_an_answer_that_does_not_come_whole_is_unknown(handler: Handler) -> None:
    assert unknown(await replies(handler))


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n{}",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a" * 100_000 + b": b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nretry-after: \xff\r\n\r\n{}",
        bytes(range(256)) * 9,
    ],
)
async def test_what_is_no_http_is_unknown(says: bytes) -> None:
    async with raw(says) as url, asking(url) as wallet:
        assert unknown(list(await wallet.send([charge(uuid4())])))


async def test_somebody_who_is_not_there_was_certainly_not_asked() -> None:
    with socket.socket() as bound:
        bound.bind((HOST, 0))  # and does not listen
        async with asking("http://{}:{}".format(*bound.getsockname())) as wallet:
            [reply] = await wallet.send([charge(uuid4())])
    assert isinstance(reply, NoAnswer)
    assert reply.definite


async def test_a_url_that_is_none_is_no_answer() -> None:
    async with asking("nowhere") as wallet:
        [reply] = await wallet.send([charge(uuid4())])
    assert isinstance(reply, NoAnswer)
    assert reply.definite


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999", RETRY_AFTER_S_MAX),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-3", None),
        ("1.5", None),
        ("", None),
    ],
)
async def test_retry_after_is_passed_on(told: str, wait_s: float | None) -> None:
    found = await replies(refusing("rate-limited", **{"retry-after": told}))
    assert [each.retry_after_s for each in found if isinstance(each, NoAnswer)] == [wait_s] * 3


async def test_a_defect_is_unknown_and_a_full_queue_is_not() -> None:
    assert unknown(await replies(refusing("internal")))
    found = await replies(refusing("queue-full"))
    assert all(isinstance(each, NoAnswer) and each.definite for each in found)


async def too_large(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    if len(counterpart.sent[-1]) > 3:
        return await refusing("payload-too-large")(counterpart, request)
    return await well(counterpart, request)


async def test_a_body_that_is_too_large_for_somebody_comes_in_parts() -> None:
    assert [type(each) for each in await replies(too_large, count=20)] == [Captured] * 20


async def test_halving_ends_with_the_one_deadline() -> None:
    """Each half that is asked takes a while; all of them together take no longer than one request may."""

    async def slow_to_refuse(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
        if len(counterpart.sent) > 2:
            return await never(counterpart, request)
        return await refusing("invalid-request")(counterpart, request)

    found = await replies(slow_to_refuse, SHORT_S * 4, count=8)
    assert {type(each) for each in found} == {NoAnswer}
    assert {each.definite for each in found if isinstance(each, NoAnswer)} == {True, False}, "some were never sent"


async def test_one_that_is_refused_alone_is_rejected() -> None:
    assert [type(each) for each in await replies(refusing("invalid-request"), count=1)] == [Rejected]


async def elsewhere(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect(f"{counterpart.url}/other{request.path}")


async def test_nobody_is_sent_elsewhere() -> None:
    async with served(elsewhere) as counterpart, asking(counterpart.url) as wallet:
        assert unknown(list(await wallet.send([charge(uuid4())])))
        assert len(counterpart.requests) == 1


async def packed(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
    del counterpart
    assert "accept-encoding" not in request.headers
    body = gzip.compress(b'{"answers": [%s]}' % (b" " * 10**6))
    return web.Response(body=body, headers={"content-encoding": "gzip", "content-type": "application/json"})


async def test_what_nobody_asked_to_be_packed_is_not_unpacked() -> None:
    assert unknown(await replies(packed))


# ── What goes with a request ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_request_shows_the_newest_token_and_begins_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n")
    async with served(well) as counterpart, asking(counterpart.url, tokens=TokenFile(path)) as wallet:
        await wallet.send([charge(uuid4())])
        path.write_text("another\n")
        await wallet.send([charge(uuid4())])
        headers = [request.headers for request in counterpart.requests]
    assert [each["authorization"] for each in headers] == ["Bearer one", "Bearer another"]
    assert {each["content-type"] for each in headers} == {"application/json"}
    traces = [each["traceparent"] for each in headers]
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", each) for each in traces)
    assert len({each.split("-")[1] for each in traces}) == 2


async def test_without_a_token_nobody_is_asked(tmp_path: Path) -> None:
    async with served(well) as counterpart, asking(counterpart.url, tokens=TokenFile(tmp_path / "none")) as wallet:
        [reply] = await wallet.send([charge(uuid4())])
        assert isinstance(reply, NoAnswer)
        assert reply.definite
        assert counterpart.requests == []


async def test_connections_are_kept_and_bounded() -> None:
    async with served(well) as counterpart, asking(counterpart.url, connections_max=1) as wallet:
        for _ in range(5):
            await wallet.send([charge(uuid4())])
        await wallet.send([charge(uuid4()) for _ in range(450)])
        assert len(counterpart.requests) == 8
        assert len(counterpart.connections) == 1


async def test_an_answer_names_no_customer_by_mistake() -> None:
    """What is told of one entry is not taken for another's: names are compared, not only counted."""

    async def crossed(counterpart: Counterpart, request: web.Request) -> web.StreamResponse:
        del request
        return web.json_response({"answers": [answer_to(entry) for entry in reversed(counterpart.sent[-1])]})

    async with served(crossed) as counterpart, asking(counterpart.url) as wallet:
        assert unknown(list(await wallet.send([charge(uuid4()), charge(uuid4())])))
        assert {entry["subject"] for entry in counterpart.sent[0]} == {ALICE}
