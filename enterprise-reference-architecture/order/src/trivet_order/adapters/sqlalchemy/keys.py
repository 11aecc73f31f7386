"""Idempotency keys in PostgreSQL: claimed, looked up and kept in the transaction of the order that they make.

Which race: two requests with one key at the same time, on two replicas. Why this guard: the first takes a
transaction-level advisory lock on the customer's key; the second fails to take it and is told that the first is in
flight. The lock ends with the transaction, so no crash strands it, and the look-up after it runs in a statement of its
own, whose snapshot sees what the former holder committed. If the lock were lost, the primary key would still refuse the
second row.

The server itself hashes the lock's name: what counts is that two sessions of one server agree. Two names that collide
only keep each other waiting for a moment.
"""

from __future__ import annotations

import json
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.tables import order_keys
from trivet_order.application import KeyInFlight, KeyReused

_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
# A row is visible as soon as its transaction ended *here*; with synchronous standbys that may be before they have it (a
# cancelled wait). An acknowledgement from such a row would be a promise that a failover breaks, so who finds one writes
# a WAL record, and its COMMIT cannot be acknowledged before everything ahead of it.
_FIND = sa.select(
    order_keys.c.payload, order_keys.c.order_id, sa.func.pg_logical_emit_message(sa.true(), "trivet.replay", "")
).where(order_keys.c.customer_id == sa.bindparam("customer"), order_keys.c.key == sa.bindparam("name"))


class SqlAlchemyKeys:
    """The keys of all customers, in the transaction of a session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, customer_id: str, key: str, payload: bytes) -> UUID | None:
        """Return the order that the key made, None if none yet; until this unit ends nobody else works on the key.

        Raises:
            KeyInFlight: another unit of work has the key.
            KeyReused: the key made an order of another payload.
        """
        name = json.dumps(["order.keys", customer_id, key])
        if not await self._session.scalar(_LOCK, {"name": name}):
            raise KeyInFlight("another request with this key has not ended yet")
        found = (await self._session.execute(_FIND, {"customer": customer_id, "name": key})).one_or_none()
        if found is None:
            return None
        if found.payload != payload:
            raise KeyReused("this key was used with another payload")
        made: UUID = found.order_id
        return made

    async def keep(self, customer_id: str, key: str, payload: bytes, order_id: UUID) -> None:
        """Remember for good which order a claimed key made."""
        kept = {"customer_id": customer_id, "key": key, "payload": payload, "order_id": order_id}
        await self._session.execute(sa.insert(order_keys), kept)
