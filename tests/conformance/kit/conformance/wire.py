"""HTTP/1.1 by hand: a client that can also say what a well-behaved one cannot.

One connection a request. Everything is bytes, so that a test decides about every byte that is sent.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

ANSWER_S_MAX = 20.0

Header = tuple[str, str | bytes]


class Answer(NamedTuple):
    """A response: status, headers with lower-case names (the last of each), body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)

    @property
    def replayed(self) -> bool:
        """Whether the service says that it gave this answer before."""
        return self.headers.get("idempotency-replayed") == "true"


def compose(method: str, path: str, headers: Iterable[Header], body: bytes = b"") -> bytes:
    """Return a request's bytes; the headers are taken as they are, nothing is added but Host and Connection."""
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1"), b"host: 127.0.0.1", b"connection: close"]
    for name, value in headers:
        lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode("latin-1")))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(pieces: Sequence[bytes], *, ended: bool = True) -> bytes:
    """Return a body in the chunked coding; one that is not ``ended`` leaves the reader waiting for more."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return body + (b"0\r\n\r\n" if ended else b"")


class Pending:
    """A request that was sent and whose answer is not read yet."""

    def __init__(self, address: tuple[str, int], request: bytes, method: str) -> None:
        self._socket = socket.create_connection(address, timeout=ANSWER_S_MAX)
        self._socket.sendall(request)
        self._method = method

    def answer(self) -> Answer:
        """Read the answer and close the connection."""
        with self._socket:
            response = http.client.HTTPResponse(self._socket, method=self._method)
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())


def exchange(address: tuple[str, int], request: bytes, method: str = "POST") -> Answer:
    """Send a request's bytes and return the answer."""
    return Pending(address, request, method).answer()
