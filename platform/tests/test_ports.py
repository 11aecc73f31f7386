"""One part has one port, whoever asks for it first."""

from __future__ import annotations

import socket
from itertools import count
from threading import Thread

import pytest

from trivet_platform import Envoy, Valkey, free_port, server


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
