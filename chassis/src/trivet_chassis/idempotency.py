"""Idempotency keys (IETF httpapi draft): the same key is the same operation, done once and answered alike.

Here is what a key is, whose request it belongs to, and when a stored answer may be repeated. Taking the key's lock,
looking its answer up and storing it are each service's own, by the driver of its database and in a lock namespace of
its own: two services that share a database must not wait for each other's keys.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from .answers import Answer
from .errors import InvalidRequest, KeyReused

KEY_HEADER = "Idempotency-Key"
KEY_CHARACTERS_MAX = 255
KEY_PATTERN = r"^[\x20-\x7e]+$"
KEY_DESCRIPTION = "Makes the request repeatable: the same key is the same operation, done once."
_KEY = re.compile(rf"[\x20-\x7e]{{1,{KEY_CHARACTERS_MAX}}}")


def read_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the request's one key, or None if it has none.

    Args:
        headers: As they came, names in lower case: a framework that joins equal ones makes a third key of two.

    Raises:
        InvalidRequest: It is no printable ASCII of 1 to 255 characters, or there are two: either would be a guess.
    """
    keys = [value.decode("latin-1") for name, value in headers if name == b"idempotency-key"]
    if not keys:
        return None
    if len(keys) > 1:
        raise InvalidRequest(f"{KEY_HEADER} is there twice")
    if _KEY.fullmatch(keys[0]) is None:
        raise InvalidRequest(f"{KEY_HEADER} must be 1 to {KEY_CHARACTERS_MAX} printable ASCII characters")
    return keys[0]


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """Who asked for what under which key. Without a key nothing is remembered."""

    subject: str
    operation: str
    key: str | None
    payload: bytes

    @classmethod
    def of(cls, subject: str, operation: str, key: str | None, *payload: object) -> KeyedRequest:
        """Return a request whose payload is digested by meaning: spaces, order and defaults do not count."""
        digest = hashlib.blake2b(msgspec.json.encode(payload), digest_size=16).digest()
        return cls(subject, operation, key, digest)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What an earlier request with the key was told."""

    payload: bytes
    answer: Answer

    def repeated_to(self, request: KeyedRequest) -> Answer:
        """Return the answer as a repetition of itself.

        Raises:
            KeyReused: The key was used with another payload.
        """
        if self.payload != request.payload:
            raise KeyReused("this key was used with another payload")
        return Answer(self.answer.status, self.answer.body, replayed=True)
