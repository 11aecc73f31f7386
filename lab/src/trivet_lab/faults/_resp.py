"""Asks a Valkey one thing, from outside and without a driver that would try again."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

_TIMEOUT_S = 2


def ask(url: str, *words: str) -> str:
    """Send one command in RESP and return the first line of the answer, or how it failed."""
    parts = urlsplit(url)
    request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_TIMEOUT_S) as connection:
            connection.sendall(request.encode())
            with connection.makefile("rb") as answer:
                return answer.readline().decode(errors="replace").strip()
    except OSError as error:
        return f"nothing: {error}"
