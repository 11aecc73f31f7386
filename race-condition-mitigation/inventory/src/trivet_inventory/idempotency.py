"""Idempotency keys on PostgreSQL: claimed, repeated and stored in the transaction of their effect.

Which race: two requests with one key at the same time, on two replicas. Why this guard: the first takes a
transaction-level advisory lock on (subject, operation, key); the second fails to take it and is told that the first
is in flight. The lock ends with the transaction, so no crash strands it, and the look-up after it runs in a
statement of its own, whose snapshot sees what the former holder committed. If the lock were lost, the unique
constraint on (subject, key) would still refuse the second row.
"""

from __future__ import annotations

from trivet_chassis import Answer, KeyedRequest, RequestInFlight, StoredAnswer
from trivet_inventory.database import Connection, Unit
from trivet_locks import AdvisoryBusy, advisory_key, try_advisory_xact_lock


async def claim(connection: Connection, request: KeyedRequest) -> None:
    """Make this transaction the only one that works on the key.

    Raises:
        RequestInFlight: Another transaction does.
    """
    try:
        lock = advisory_key("inventory.idempotency", request.subject, request.operation, str(request.key))
        await try_advisory_xact_lock(connection, lock)
    except AdvisoryBusy as error:
        raise RequestInFlight("another request with this key has not ended yet") from error


async def replay(unit: Unit, request: KeyedRequest, stored: StoredAnswer) -> Answer:
    """Repeat a stored answer, once it is as durable as it was when it was first given.

    A row is visible as soon as its transaction ended *here*; with synchronous standbys that may be before they have
    it (a cancelled wait). An acknowledgement from such a row would be a promise that a failover breaks, so the
    replay commits a WAL record of its own, which cannot be acknowledged before everything ahead of it.

    Raises:
        KeyReused: The key was used with another payload.
        Unavailable: The wait for that record failed.
    """
    answer = stored.repeated_to(request)
    await unit.connection.execute("SELECT pg_logical_emit_message(true, 'trivet.replay', '')")
    await unit.commit()
    return answer


async def store(connection: Connection, request: KeyedRequest, answer: Answer) -> None:
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
