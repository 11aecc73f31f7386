"""The access tokens of a crowd: they come over a pipe, and are written nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TypeAlias

import msgspec

Tokens: TypeAlias = Mapping[str, str]
"""A token by whose it is."""


def write_tokens(out: IO[bytes], tokens: Tokens) -> None:
    """Write them for who reads the other end, and close it."""
    with out:
        out.write(msgspec.json.encode(dict(tokens)))


def read_tokens(source: IO[bytes]) -> Tokens:
    """Read what was written; nothing is nobody's.

    Raises:
        ValueError: It is something else.
    """
    return msgspec.json.decode(source.read() or b"{}", type=dict[str, str])
