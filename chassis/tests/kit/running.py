"""A program that serves, in a process of its own, and those who speak to it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import IO


class Running:
    """The program, and what it answers."""

    def __init__(self, program: str, *words: str, stdout: int | IO[bytes] = subprocess.PIPE) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-c", program, f"127.0.0.1:{self.port}", *words]
        self.process = subprocess.Popen(command, stdout=stdout, text=True)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask on a connection of its own; ``_`` in a header's name stands for ``-``."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def status(self, path: str) -> int | None:
        """Return how a path is answered, None if it is not."""
        try:
            return self.get(path)[0]
        except OSError:
            return None

    def connect(self) -> socket.socket:
        """Return a connection on which nothing has been sent."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def read_until(self, word: str) -> None:
        """Read what the program prints, to the line with a word."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if word in line:
                return
        raise AssertionError(f"{word} was not told")

    def rest(self) -> str:
        """Return what the program prints to its end."""
        said, _ = self.process.communicate(timeout=20)
        return said


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that somebody else brings about."""
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@contextmanager
def running(program: str, *words: str, stdout: int | IO[bytes] = subprocess.PIPE) -> Iterator[Running]:
    """Run a program that takes its address and some words, and serves ``/livez``, for the block."""
    served = Running(program, *words, stdout=stdout)
    try:
        until(lambda: served.status("/livez") == 200)
        yield served
    finally:
        served.process.kill()
        served.process.wait()


def to_end(connection: socket.socket) -> bytes:
    """Return everything that comes until the other side is gone, in whichever way."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionError:
        pass
    return b"".join(pieces)


def statuses(answers: bytes) -> list[int]:
    """Return the statuses of the answers in what came on a connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]
