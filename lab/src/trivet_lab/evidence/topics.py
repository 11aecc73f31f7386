"""What a service told everybody: ``topics/<topic>.jsonl``, every record of a Kafka topic as it lies there, a line each.

A partition is a log, and its offsets are the one order that Kafka promises. So a line has both, and lines of one
partition stand in the order of their offsets; partitions are in no order among each other.
"""

from __future__ import annotations

import base64
from typing import Literal

import msgspec

Encoding = Literal["utf-8", "base64"]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record; ``at_ms`` is Kafka's own time of it, in Unix milliseconds.

    Key, value and headers are bytes to Kafka. They stand here as text where all of them are UTF-8, so that a person can
    read and search them, and else, all of them, in base64. What is None there (a tombstone's value) is None here.
    """

    partition: int
    offset: int
    at_ms: int
    key: str | None
    value: str | None
    headers: list[tuple[str, str]]
    encoding: Encoding = "utf-8"

    def header(self, name: str) -> str | None:
        """Return the first header of this name, None if there is none."""
        return next((value for each, value in self.headers if each == name), None)


def record_of(
    place: tuple[int, int, int], key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> Record:
    """Return a record as its line has it; ``place`` is its partition, its offset and Kafka's time of it."""
    parts = [part for part in (key, value, *(each for _, each in headers)) if part is not None]
    encoding: Encoding = "utf-8" if all(map(_is_text, parts)) else "base64"
    written = [(name, _written(each, encoding) or "") for name, each in headers]
    return Record(*place, _written(key, encoding), _written(value, encoding), written, encoding)


def _is_text(part: bytes) -> bool:
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True


def _written(part: bytes | None, encoding: Encoding) -> str | None:
    if part is None:
        return None
    return part.decode() if encoding == "utf-8" else base64.b64encode(part).decode()
