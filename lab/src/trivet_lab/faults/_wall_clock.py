"""Reads the wall clock of a part from outside: what the part itself shows to everybody who asks."""

from __future__ import annotations

import email.utils
import http.client
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import psycopg

from trivet_lab.faults._resp import ask
from trivet_lab.faults._targets import SERVICE

_TIMEOUT_S = 2
_TIME = "return tonumber(redis.call('TIME')[1])"


class NoTime(Exception):
    """A part did not tell its time; the text says what came instead."""


def _of_service(url: str) -> float:
    """Return the time of the ``Date`` header, in whole seconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/livez")
        told = connection.getresponse().getheader("date")
    except (OSError, http.client.HTTPException) as error:
        raise NoTime(f"/livez does not answer: {error}") from error
    finally:
        connection.close()
    if told is None:
        raise NoTime("/livez answers without a date")
    return email.utils.parsedate_to_datetime(told).timestamp()


def _of_valkey(url: str) -> float:
    answer = ask(url, "EVAL", _TIME, "0")
    if not answer.startswith(":"):
        raise NoTime(f"TIME answers {answer}")
    return float(answer[1:])


def _of_postgres(url: str) -> float:
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT_S) as connection:
            row = connection.execute("SELECT extract(epoch FROM now())").fetchone()
    except psycopg.Error as error:
        raise NoTime(f"now() does not answer: {error}") from error
    return float(row[0]) if row else 0.0


READERS: Mapping[str, Callable[[str], float]] = MappingProxyType(
    {SERVICE: _of_service, "valkey": _of_valkey, "postgres": _of_postgres}
)
"""How each kind of part is asked; seconds since 1970."""
