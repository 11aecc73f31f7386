"""The generator asks as it is told and counts what it was answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from trivet_lab.bench import BenchError, ceiling_per_s, closed_loop, open_loop, request_bytes

ASK = request_bytes("POST", "/sales", {"content-type": "application/json"}, b"{}")
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


@contextlib.contextmanager
def serving(answer: Callable[[int], list[bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve: ``answer(n)`` is what the n-th request gets, piece by piece; no piece cuts the connection."""
    seen: list[bytes] = []
    ready, over = threading.Event(), asyncio.Event()
    loop, ports = asyncio.new_event_loop(), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                seen.append(head + await reader.readexactly(2))
                pieces = answer(len(seen))
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if not pieces:
                    break
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await over.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{ports[0]}", seen
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


def test_a_request_is_whole() -> None:
    assert ASK == (
        b"POST /sales HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    )


def test_every_answer_counts_by_its_status_and_only_good_ones_a_second() -> None:
    refused = b"HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n"
    with serving(lambda number: [refused] if number % 2 else [LENGTH[:20], LENGTH[20:], b"go", b"ne"]) as (url, seen):
        sent = open_loop(url, lambda: ASK, per_s=100, connections=1, seconds=0.2)
    assert sent.statuses == {"409": 10, "200": 10}
    assert set(seen) == {ASK}
    assert 0 < sent.latency_ms_p50 <= sent.latency_ms_p99 <= sent.latency_ms_max


def test_a_chunked_answer_and_one_without_a_body_end_where_they_end() -> None:
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    with serving(lambda number: [empty] if number % 2 else [CHUNKED[:-3], CHUNKED[-3:]]) as (url, _):
        sent = open_loop(url, lambda: ASK, per_s=100, connections=1, seconds=0.1)
    assert sent.statuses == {"204": 5, "201": 5}


def test_a_cut_connection_is_opened_again_and_counted() -> None:
    with serving(lambda number: [] if number == 2 else [LENGTH, b"gone"]) as (url, seen):
        sent = open_loop(url, lambda: ASK, per_s=100, connections=1, seconds=0.05)
    assert sent.statuses == {"200": 4, "0": 1}
    assert len(seen) == 5


def test_a_closed_loop_keeps_every_connection_busy() -> None:
    numbers = itertools.count()
    with serving(lambda _: [LENGTH, b"gone"]) as (url, seen):
        sent = closed_loop(
            url, lambda: request_bytes("POST", f"/{next(numbers)}", {}, b"{}"), connections=3, seconds=0.2
        )
    assert sent.statuses == {"200": len(seen)}
    assert len(set(seen)) == len(seen) > 3
    assert sent.per_s > 0


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nuntil the end"])
def test_what_is_no_answer_ends_the_bench(answer: bytes) -> None:
    with serving(lambda _: [answer]) as (url, _), pytest.raises(BenchError, match="no answer that a bench can read"):
        closed_loop(url, lambda: ASK, connections=1, seconds=0.1)


def test_nobody_there_is_told() -> None:
    with pytest.raises(BenchError, match=r"http://127\.0\.0\.1:1: "):
        closed_loop("http://127.0.0.1:1", lambda: ASK, connections=1, seconds=0.1)


def test_a_server_that_never_answers_does_not_hold_a_bench_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_lab.bench.http._PATIENCE_S", 0.05)
    with serving(lambda _: [LENGTH]) as (url, _), pytest.raises(BenchError, match="an answer took longer than"):
        closed_loop(url, lambda: ASK, connections=1, seconds=0.05)


def test_the_ceiling_is_what_a_bare_responder_allows() -> None:
    assert ceiling_per_s(lambda: ASK, connections=2, seconds=0.2) > 0


def test_the_responder_ends_with_whoever_started_it() -> None:
    argv = [sys.executable, "-m", "trivet_lab.bench.responder"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as responder:
        assert responder.stdout is not None
        assert int(responder.stdout.readline()) > 0
        assert responder.stdin is not None
        responder.stdin.close()
        assert responder.wait(timeout=60) == 0
