"""Whatever becomes of stdout, requests are answered; lines are whole, in order, and counted where they are lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Running, running

from trivet_chassis.lines import Lines
from trivet_chassis.logs import tell_line

PROGRAM = """
import logging, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from trivet_chassis import (
    Drain, Health, TraceMiddleware, Units, configure_logs, run_server, serve_asgi, tell_movement,
)
from trivet_chassis.tokens import OPEN_PATHS, Issuer, Publisher, TokenMiddleware, Verifier

async def move(request):
    tell_movement("alice", "move", request.query_params["key"], 200)
    return PlainTextResponse("moved")

async def log(request):
    logging.getLogger("shop").warning(request.query_params["key"])
    return PlainTextResponse("logged")

async def fetch():
    raise OSError

health = Health({})
routes = [Route("/move", move), Route("/log", log), *health.routes()]
verifier = Verifier(Issuer("https://issuer.test", "trivet"), Publisher(fetch))
app = TokenMiddleware(Starlette(routes=routes), verifier, OPEN_PATHS | {"/move", "/log"})
configure_logs("shop", sys.argv[1])
run_server(serve_asgi(TraceMiddleware(app, "node-1"), health, Units(), listen=sys.argv[1], drain=Drain(0, 5)))
"""
MANY = 600
"""Lines that no pipe takes while nobody reads it."""


def told(text: str) -> list[dict[str, Any]]:
    """Return the lines, each of which must be whole."""
    return [json.loads(line) for line in text.splitlines()]


@contextlib.contextmanager
def with_stdout_gone(how: str) -> Iterator[Running]:
    if how == "a full disk":
        with Path("/dev/full").open("wb") as full, running(PROGRAM, stdout=full) as served:
            yield served
    else:
        with running(PROGRAM) as served:
            assert served.process.stdout is not None
            served.process.stdout.close()
            yield served


@pytest.mark.parametrize("how", ["a full disk", "a closed pipe"])
def test_what_cannot_be_told_is_answered_as_ever(how: str) -> None:
    with with_stdout_gone(how) as served:
        for number in range(5):
            assert served.get(f"/move?key={number}") == (200, b"moved")
            assert served.status("/nowhere") == 401
            assert served.get(f"/log?key={number}") == (200, b"logged")
        assert served.status("/livez") == 200
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0


def test_while_nobody_reads_everybody_is_served_and_then_reads_whole_lines_in_order() -> None:
    with running(PROGRAM) as served:
        for number in range(MANY):
            assert served.status(f"/nowhere/{number}") == 401
        assert served.get("/log?key=last") == (200, b"logged")
        assert served.status("/livez") == 200
        assert served.process.stdout is not None
        lines = []
        while not lines or lines[-1]["event"] != "last":
            lines.append(json.loads(served.process.stdout.readline()))
        refused = [line["path"] for line in lines if line["event"] == "refused"]
        assert refused == [f"/nowhere/{number}" for number in range(MANY)]


def test_a_process_that_ends_in_an_orderly_way_has_told_everything(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, running(PROGRAM, stdout=log) as served:
        for number in range(100):
            assert served.get(f"/move?key={number}") == (200, b"moved")
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
    moved = [line["key"] for line in told((tmp_path / "log").read_text()) if line["event"] == "moved"]
    assert moved == [str(number) for number in range(100)]


def test_a_program_that_has_told_something_ends_with_it_written() -> None:
    program = "from trivet_chassis.logs import tell_line\nfor n in range(2000): tell_line('e', 'info', '', {'n': n})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [line["n"] for line in told(ended.stdout)] == list(range(2000))


def test_nobody_who_does_not_read_keeps_a_process_from_its_end() -> None:
    with running(PROGRAM) as served:
        for _ in range(MANY):
            assert served.status("/nowhere") == 401
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0


class Pipe:
    """A pipe that is full from the beginning, and what is read of it after that."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.write_end, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self.write_end, b"\n")

    def read_to(self, end: bytes) -> list[Any]:
        read = b""
        while not read.endswith(end):
            read += os.read(self.read_end, 4096)
        return [json.loads(line) for line in read.split(b"\n") if line]

    def close(self) -> None:
        os.close(self.read_end)
        os.close(self.write_end)


@pytest.fixture(params=[True, False], ids=["blocking", "not blocking"])
def pipe(request: pytest.FixtureRequest) -> Iterator[Pipe]:
    full = Pipe()
    os.set_blocking(full.write_end, request.param)
    yield full
    full.close()


def test_more_than_may_wait_are_dropped_and_counted(pipe: Pipe) -> None:
    lines = Lines(pipe.write_end, lines_max=5)
    for number in range(100):
        lines.put(b"%d\n" % number)
    reading = threading.Thread(target=lambda: read.extend(pipe.read_to(b"\n1000\n")))
    read: list[Any] = []
    reading.start()
    assert lines.flush(20)
    lines.put(b"1000\n")
    reading.join(20)
    numbers = [line for line in read if isinstance(line, int)]
    lost = sum(line["count"] for line in read if isinstance(line, dict))
    assert numbers == sorted(numbers)
    assert 5 <= len(numbers) - 1 <= 5 + 5, "what waits, and what the writer has in its hand"
    assert lost == 100 - (len(numbers) - 1)
    assert {line["event"] for line in read if isinstance(line, dict)} == {"log lines lost"}


def test_a_line_that_is_taken_in_pieces_comes_whole(pipe: Pipe) -> None:
    lines, long = Lines(pipe.write_end), b"1" * 300_000
    lines.put(b'"%b"\n' % long)
    lines.put(b"2\n")
    assert pipe.read_to(b"\n2\n") == [long.decode(), 2]


def test_a_line_that_broke_off_is_ended_before_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a disk that fills within a line, and is emptied after that."""
    write, room = os.write, [4]

    def scarce(descriptor: int, text: bytes) -> int:
        if not room:
            return write(descriptor, text)
        if left := room.pop():
            room.append(0)
            return write(descriptor, text[:left])
        raise OSError(28, "No space left on device")

    with (tmp_path / "log").open("wb") as log:
        lines = Lines(log.fileno())
        monkeypatch.setattr("trivet_chassis.lines.os.write", scarce)
        lines.put(b'"never whole"\n')
        assert lines.flush(20)
        lines.put(b'"next"\n')
        assert lines.flush(20)
    half, lost, following = (tmp_path / "log").read_text().splitlines()
    assert (half, json.loads(lost)["count"], following) == ('"nev', 1, '"next"')


def test_what_cannot_be_encoded_fails_nobody() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    tell_line("moved", "info", "", {"odd": Odd()})
