"""Idempotency keys (IETF httpapi draft): the same key is the same operation, done once and answered alike.

Which race: two requests with one key at the same time, on two replicas. Why this guard: the first takes a
transaction-level advisory lock on (subject, operation, key); the second fails to take it and is told that the first
is in flight. The lock ends with the transaction, so no crash strands it, and the look-up after it runs in a
statement of its own, whose snapshot sees what the former holder committed. If the lock were lost, the unique
constraint on (subject, key) would still refuse the second row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from trivet_chassis import Answer
from trivet_inventory.database import Connection, Unit
from trivet_inventory.errors import KeyReused, RequestInFlight
from trivet_locks import AdvisoryBusy, advisory_key, try_advisory_xact_lock


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked for what under which key. Without a key nothing is remembered."""

    subject: str
    operation: str
    key: str | None
    payload: bytes

    @classmethod
    def of(cls, subject: str, operation: str, key: str | None, *payload: object) -> Request:
        """Return a request whose payload is digested by meaning: spaces, order and defaults do not count."""
        digest = hashlib.blake2b(msgspec.json.encode(payload), digest_size=16).digest()
        return cls(subject, operation, key, digest)


@dataclass(frozen=True, slots=True)
class Stored:
    """What an earlier request with the key was told."""

    payload: bytes
    answer: Answer


async def claim(connection: Connection, request: Request) -> None:
    """Make this transaction the only one that works on the key.

    Raises:
        RequestInFlight: Another transaction does.
    """
    try:
        lock = advisory_key("inventory.idempotency", request.subject, request.operation, str(request.key))
        await try_advisory_xact_lock(connection, lock)
    except AdvisoryBusy as error:
        raise RequestInFlight("another request with this key has not ended yet") from error


async def replay(unit: Unit, request: Request, stored: Stored) -> Answer:
    """Repeat a stored answer, once it is as durable as it was when it was first given.

    A row is visible as soon as its transaction ended *here*; with synchronous standbys that may be before they have
    it (a cancelled wait). An acknowledgement from such a row would be a promise that a failover breaks, so the
    replay commits a WAL record of its own, which cannot be acknowledged before everything ahead of it.

    Raises:
        KeyReused: The key was used with another payload.
        Unavailable: The wait for that record failed.
    """
    if stored.payload != request.payload:
        raise KeyReused("this key was used with another payload")
    await unit.connection.execute("SELECT pg_logical_emit_message(true, 'trivet.replay', '')")
    await unit.commit()
    return Answer(stored.answer.status, stored.answer.body, replayed=True)


async def store(connection: Connection, request: Request, answer: Answer) -> None:
    """Remember an answer, in the transaction of its effect; without a key there is nothing to remember."""
    if request.key is None:
        return
    await connection.execute(
        "INSERT INTO answers (subject, operation, key, payload, status, body) VALUES ($1, $2, $3, $4, $5, $6)",
        request.subject,
        request.operation,
        request.key,
        request.payload,
        answer.status,
        answer.body,
    )
