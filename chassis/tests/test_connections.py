"""No client keeps a connection by saying nothing, fills the memory, or is told what was meant for another request."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from connecting import CHUNKED, GET, HOLD, PROGRAM, answered, refused
from running import Running, running, statuses, to_end, until
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from trivet_chassis.connections import CONNECTION_LIMITS, ConnectionLimits
from trivet_chassis.protocol import protocol_for


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with running(PROGRAM, "60") as served:
        yield served


@pytest.fixture(scope="module")
def hasty_shop() -> Iterator[Running]:
    with running(PROGRAM, "0.4") as served:
        yield served


@pytest.fixture
def holding_shop() -> Iterator[Running]:
    with running(PROGRAM, "0.4") as served:
        yield served


def until_a_head_is_late(shop: Running) -> None:
    """Wait for the end of a connection that begins now and on which nothing is sent."""
    with shop.connect() as silent:
        assert to_end(silent) == b""


@pytest.mark.parametrize("before", [b"", GET], ids=["first", "later"])
def test_a_head_that_drips_is_refused_while_others_are_served(hasty_shop: Running, before: bytes) -> None:
    with hasty_shop.connect() as slow:
        if before:
            slow.sendall(before)
            answered(slow, b'{"live":true}')
        slow.sendall(b"GET /livez HTTP/1.1\r\n")
        while not select.select([slow], [], [], 0.01)[0]:
            assert hasty_shop.status("/livez") == 200
            slow.sendall(b"x")
        refused(slow, b"the request's head did not arrive within 0.4 s")


@pytest.mark.parametrize("length", [b"content-length: 40", b"transfer-encoding: chunked"])
def test_a_body_is_never_taken_for_the_next_request(shop: Running, length: bytes) -> None:
    """A parser ends what asks for another protocol at its head: what a proxy sent as a body would be asked next."""
    upgrade = b"POST /livez HTTP/1.1\r\nhost: shop\r\nconnection: upgrade\r\nupgrade: h2c\r\n"
    with shop.connect() as client:
        client.sendall(upgrade + length + b"\r\n\r\n")
        refused(client, b"no other protocol is spoken here")


def test_who_would_speak_another_protocol_is_answered_in_this_one(shop: Running) -> None:
    """As ``curl --http2`` asks; to take no notice is a server's right (RFC 9110 §7.8)."""
    with shop.connect() as client:
        client.sendall(GET.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"))
        answered(client, b'{"live":true}')


def test_a_silent_connection_is_closed(hasty_shop: Running) -> None:
    until_a_head_is_late(hasty_shop)


def test_an_idle_connection_is_kept(hasty_shop: Running) -> None:
    with hasty_shop.connect() as idle:
        idle.sendall(GET)
        answered(idle, b'{"live":true}')
        until_a_head_is_late(hasty_shop)
        idle.sendall(GET)
        answered(idle, b'{"live":true}')


def test_empty_lines_are_no_idleness(hasty_shop: Running) -> None:
    with hasty_shop.connect() as client:
        client.sendall(GET)
        answered(client, b'{"live":true}')
        client.sendall(b"\r\n")
        assert to_end(client) == b""


def test_a_body_is_no_head(hasty_shop: Running) -> None:
    with hasty_shop.connect() as slow:
        slow.sendall(b"POST /echo HTTP/1.1\r\nhost: shop\r\ncontent-length: 4\r\n\r\nsl")
        until_a_head_is_late(hasty_shop)
        slow.sendall(b"ow")
        answered(slow, b"slow")


@pytest.mark.parametrize("piece", [b"", b"some"])
def test_a_body_that_nobody_waits_for_ends_its_connection(hasty_shop: Running, piece: bytes) -> None:
    with hasty_shop.connect() as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nhost: shop\r\ncontent-length: 9\r\n\r\n")
        answered(client, b"never asked")
        client.sendall(piece)
        assert to_end(client) == b""


def test_a_body_that_nobody_waited_for_and_that_comes_ends_nothing(hasty_shop: Running) -> None:
    with hasty_shop.connect() as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nhost: shop\r\ncontent-length: 4\r\n\r\n")
        answered(client, b"never asked")
        client.sendall(b"body")
        until_a_head_is_late(hasty_shop)
        client.sendall(GET)
        answered(client, b'{"live":true}')


def test_a_large_body_is_no_large_head(shop: Running) -> None:
    with shop.connect() as client:
        for _ in range(2):
            client.sendall(b"POST /echo HTTP/1.1\r\nhost: shop\r\ncontent-length: 60000\r\n\r\n" + b"y" * 60_000 + GET)
            answered(client, b'{"live":true}')


def head(size: int) -> bytes:
    start = b"GET /livez HTTP/1.1\r\nx: "
    return start + b"y" * (size - len(start) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_head_has_so_many_bytes_at_most(shop: Running, pieces: int) -> None:
    def send(client: socket.socket, data: bytes) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin in range(0, len(data), len(data) // pieces):
            client.sendall(data[begin : begin + len(data) // pieces])

    with shop.connect() as client:
        send(client, head(4096))
        answered(client, b'{"live":true}')
        send(client, head(4097))
        refused(client, b"the request's head may have 4096 bytes")


def test_a_head_that_never_ends_is_refused_for_its_size(shop: Running) -> None:
    with shop.connect() as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nx: ".ljust(4097, b"y"))
        refused(client, b"the request's head may have 4096 bytes")


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["unfinished", "whole"])
def test_a_head_has_so_many_fields_at_most(shop: Running, end: bytes) -> None:
    with shop.connect() as client:
        client.sendall(b"GET /livez HTTP/1.1\r\n" + b"x: y\r\n" * 10 + b"\r\n")
        answered(client, b'{"live":true}')
        client.sendall(b"GET /livez HTTP/1.1\r\n" + b"x: y\r\n" * 11 + b"z: y\r\n" + end)
        refused(client, b"the request's head may have 10 fields")


@pytest.mark.parametrize("trailer", [b"x: ".ljust(4200, b"y"), b"x: y\r\n" * 12], ids=["bytes", "fields"])
def test_a_trailer_is_bounded_like_a_head(shop: Running, trailer: bytes) -> None:
    with shop.connect() as client:
        client.sendall(CHUNKED + b"4\r\nbody\r\n0\r\n")
        while not select.select([client], [], [], 0.01)[0]:
            client.sendall(trailer)
        refused(client, b"the request's trailer may have ")


def test_a_trailer_is_no_part_of_the_head(shop: Running) -> None:
    with shop.connect() as client:
        client.sendall(CHUNKED + b"4\r\nbody\r\n0\r\nx-after: seen\r\n\r\n")
        said = b""
        while not said.endswith(b"body"):
            said += client.recv(65536)
        assert b"seen" not in said


def test_pipelined_requests_are_answered_in_their_order(holding_shop: Running) -> None:
    with holding_shop.connect() as client:
        client.sendall(HOLD + GET + GET[:10])
        until_a_head_is_late(holding_shop)  # the third is not late while the first is served
        holding_shop.get("/release")
        answered(client, b'{"live":true}')
        client.sendall(GET[10:])
        answered(client, b'{"live":true}')


def test_what_is_no_request_is_never_told_where_an_earlier_one_is_owed_its_answer(holding_shop: Running) -> None:
    with holding_shop.connect() as client:
        client.sendall(HOLD + GET + b"nonsense\r\n\r\n" + GET)  # so little arrives as one
        holding_shop.read_until("held")
        holding_shop.get("/release")
        assert statuses(to_end(client)) == [200, 200]


def test_so_many_requests_wait_at_most(holding_shop: Running) -> None:
    with holding_shop.connect() as client:
        client.sendall(HOLD + GET * 100)
        holding_shop.read_until("held")
        holding_shop.get("/release")
        assert statuses(to_end(client)) == [200] * 6


def test_an_answer_that_nobody_reads_is_given_up(holding_shop: Running) -> None:
    with holding_shop.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nhost: shop\r\n\r\n" * 3)
        until(lambda: holding_shop.get("/connections")[1] == b"2")
        until(lambda: holding_shop.get("/connections")[1] == b"1")
        assert len(to_end(client)) < 16_000_000


def test_a_connection_that_was_cut_is_forgotten(holding_shop: Running) -> None:
    with holding_shop.connect() as client:
        client.sendall(GET)
        answered(client, b'{"live":true}')
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: holding_shop.get("/connections")[1] == b"1")


def connected(app: Any, done: Callable[[str], None], limits: ConnectionLimits = CONNECTION_LIMITS) -> HttpToolsProtocol:
    """Return a connection that tells what is done with it."""
    transport: Any = SimpleNamespace(
        get_extra_info=lambda _: None,
        pause_reading=lambda: done("paused"),
        resume_reading=lambda: done("resumed"),
        is_closing=lambda: False,
        write=lambda _: done("written"),
        get_write_buffer_size=lambda: 1,
        close=lambda: done("closed"),
        abort=lambda: done("aborted"),
    )
    config = uvicorn.Config(app, ws="none", log_config=None)
    config.load()
    protocol = protocol_for("node-1", limits)(config, ServerState(), {})
    protocol.connection_made(transport)
    return protocol


def test_nothing_is_read_while_requests_wait() -> None:
    done: list[str] = []

    async def serve() -> None:
        begun: asyncio.Queue[asyncio.Event] = asyncio.Queue()

        async def app(_: Any, receive: Any, send: Any) -> None:
            await receive()
            turn = asyncio.Event()
            begun.put_nowait(turn)
            await turn.wait()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        protocol = connected(app, done.append)
        protocol.data_received(GET * 3)
        for waiting in (2, 1):
            turn = await begun.get()
            assert len(protocol.pipeline) == waiting
            assert "resumed" not in done
            turn.set()
        (await begun.get()).set()
        assert [step for step in done if step != "written"] == ["paused", "resumed"]

    asyncio.run(serve())


def test_a_body_may_come_in_any_number_of_reads() -> None:
    done: list[str] = []

    async def serve() -> None:
        whole = asyncio.Event()

        async def app(_: Any, receive: Any, send: Any) -> None:
            await receive()
            assert done == []
            whole.set()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        protocol = connected(app, done.append)
        protocol.data_received(b"POST / HTTP/1.1\r\ncontent-length: 60000\r\n\r\n")
        for _ in range(60):
            protocol.data_received(b"x" * 1000)
        await whole.wait()

    asyncio.run(serve())


def test_what_follows_on_a_refusal_is_not_even_parsed() -> None:
    done: list[str] = []

    async def serve() -> None:
        async def app(_: Any, __: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        protocol = connected(app, done.append)
        protocol.data_received(GET)
        protocol.data_received(head(CONNECTION_LIMITS.head_bytes_max + 8)[:-4])
        protocol.parser = SimpleNamespace(feed_data=lambda _: done.append("parsed"))
        protocol.data_received(b"\r\n\r\n")
        assert done == []

    asyncio.run(serve())


def test_a_connection_that_closes_does_not_wait_for_its_reader_for_ever() -> None:
    async def serve() -> None:
        aborted = asyncio.Event()

        def done(step: str) -> None:
            if step == "aborted":
                aborted.set()

        connected(None, done, ConnectionLimits(unread_deadline_s=0)).data_received(b"nonsense\r\n\r\n")
        await asyncio.wait_for(aborted.wait(), 20)

    asyncio.run(serve())
