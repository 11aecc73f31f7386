"""One part has one port, whoever asks for it first."""

from __future__ import annotations

import socket
import subprocess
import sys
from itertools import count
from threading import Thread

import pytest

from trivet_platform import Envoy, Valkey, free_port, server, sockets


def test_threads_that_ask_at_once_are_told_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    part, told = Valkey(), []
    other = Thread(target=lambda: told.append(part.port))
    numbers = count(20_000)

    def choose(_: str) -> int:
        number = next(numbers)
        if other.ident is None:  # the first to choose is overtaken by another thread, if that is possible
            other.start()
            other.join(timeout=0.2)
        return number

    monkeypatch.setattr(server, "free_port", choose)
    first = part.port
    other.join()
    assert told == [first] == [part.port]


def test_a_wanted_port_is_taken_if_it_is_free() -> None:
    wanted = free_port()
    assert Envoy(port=wanted).port == wanted
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        assert Envoy(port=taken).port != taken


CHOOSING = "import sys; from trivet_platform import free_port; print(free_port(), flush=True); sys.stdin.read()"


def test_what_another_platform_was_given_is_not_given_again_while_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", CHOOSING], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        numbers = iter([theirs, theirs, 20_001, 20_002, 20_003])
        monkeypatch.setattr(sockets.random, "randrange", lambda *_: next(numbers))
        assert free_port() in {20_001, 20_002, 20_003}, "nobody listens there yet, and it is theirs all the same"
        assert other.stdin is not None
        other.stdin.close()
    monkeypatch.setattr(sockets.random, "randrange", lambda *_: theirs)
    assert free_port() == theirs, "a claim ends with whoever made it"


def test_only_so_many_ports_are_claimed_at_once() -> None:
    for _ in range(300):
        free_port()
    assert len(sockets._claims) == 256
