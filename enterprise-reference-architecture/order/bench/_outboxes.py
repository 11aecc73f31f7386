"""The two sides: this member's relay, and faststream-outbox, each with an outbox of its own in the same database."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage
from faststream_outbox import OutboxBroker, make_outbox_table
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from trivet_chassis import failpoint
from trivet_order.adapters.kafka.producers import RenewingSender, make_producer
from trivet_order.adapters.sqlalchemy import Database, Limits
from trivet_order.adapters.sqlalchemy.outbox import Relayed, SqlAlchemyOutbox
from trivet_order.adapters.sqlalchemy.outbox_leases import SqlAlchemyOutboxLeases
from trivet_order.adapters.sqlalchemy.sharding import SHARDS, shard_of
from trivet_order.adapters.sqlalchemy.statements import LAZY_COMMIT
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application.relaying import Relay, RelayPace

BODY = '{"type":"OrderCreated","aggregate_id":"%s","data":"' + "x" * 330 + '"}'
KEY = slice(BODY.index("%s"), BODY.index("%s") + 36)
LIMITS = Limits(8, 30_000, 60_000, 60_000, 60_000)
LEASE_S = 60.0
WORKERS = 64
_POLL_S = 0.005
INSERT = """
INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body)
VALUES ($1, $2, 1, $3, 'OrderCreated', 1, now(), $4)
"""
TELLING_INSERT = """
WITH told AS (
    INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body)
    VALUES ($1, $2, 1, $3, 'OrderCreated', 1, now(), $4)
    RETURNING position
)
SELECT pg_notify('outbox', '') FROM told
"""


def some_events(count: int) -> list[tuple[UUID, bytes]]:
    """Return so many events of as many orders, of about 400 bytes each."""
    orders = [uuid.uuid4() for _ in range(count)]
    return [(order, (BODY % order).encode()) for order in orders]


class Side(Protocol):
    """An outbox with its relay, running."""

    async def open(self) -> None:
        """Start, and hold everything that is held."""

    async def refresh(self) -> None:
        """Let the planner know how large the outbox is, which it would learn in its own time, and one side first."""

    async def drain(self, events: list[tuple[UUID, bytes]]) -> float:
        """Commit events at once, and return how many seconds it took until the outbox knew all of them as sent."""

    async def close(self) -> None:
        """End it."""


class Quiet:
    """An observer that counts."""

    def __init__(self) -> None:
        self.count = 0

    def published(self, messages: int, _: float) -> None:
        """Count."""
        self.count += messages

    def __getattr__(self, name: str) -> object:
        del name
        return lambda *_, **__: None


class Ours:
    """The relay as its process wires it, in this one."""

    def __init__(self, url: str, servers: str, topic: str, batch: int) -> None:
        self._url = url
        self._database = Database(url, LIMITS, "bench", LAZY_COMMIT)
        self._watch, holder, place = Quiet(), f"bench-{uuid.uuid4().hex}", Relayed("main", 1)
        self._sender = RenewingSender(lambda: make_producer([servers], "bench", 10_000), topic, 10.0)
        self._time = InterruptibleTime()
        self._relay = Relay(
            SqlAlchemyOutbox(self._database, holder, place),
            SqlAlchemyOutboxLeases(self._database, holder, place, LEASE_S),
            self._sender,
            time=self._time,
            observer=self._watch,  # type: ignore[arg-type]  # the rest of it is __getattr__'s
            pace=RelayPace(batch=batch, shards_a_turn=SHARDS, lease_s=LEASE_S),
            jitter=random.random,
            failpoint=failpoint,
        )

    async def open(self) -> None:
        """See Side."""
        self._connection = await asyncpg.connect(self._url)
        await self._connection.execute("TRUNCATE outbox")  # the peer's is a new one too
        await self._sender.blocker()
        self._running = asyncio.create_task(self._relay.run())

    async def refresh(self) -> None:
        """See Side."""
        await self._connection.execute("ANALYZE outbox")

    async def drain(self, events: list[tuple[UUID, bytes]]) -> float:
        """See Side."""
        rows = [(uuid.uuid4(), order, shard_of(order), body) for order, body in events]
        until = self._watch.count + len(rows)
        async with self._connection.transaction():
            await self._connection.executemany(INSERT, rows)
        began = time.perf_counter()
        while self._watch.count < until:  # noqa: ASYNC110  - both sides are looked at in this way
            await asyncio.sleep(_POLL_S)
        return time.perf_counter() - began

    async def close(self) -> None:
        """See Side."""
        self._relay.stop()
        self._time.interrupt()
        await self._running
        await self._sender.close()
        await self._connection.close()
        await self._database.close()


async def as_it_is(message: StreamMessage[Any]) -> bytes:
    """Return a body undecoded, which spares the peer what a relay has no use for."""
    return bytes(message.body)


class FastStreamOutbox:
    """faststream-outbox as its own page says it, with batches, workers and a producer that are as good as ours.

    It logs nothing, and neither decodes nor validates what it relays.

    Its workers take rows by SKIP LOCKED and send them side by side: of one order's events it promises no order.
    """

    def __init__(self, url: str, servers: str, topic: str, batch: int) -> None:
        self._metadata = MetaData()
        self._table = make_outbox_table(self._metadata, f"peer_{uuid.uuid4().hex[:8]}")
        self._engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://"), pool_size=WORKERS + 8, max_overflow=8
        )
        self._kafka = KafkaBroker(servers, acks="all", enable_idempotence=True, logger=None)
        self._broker = OutboxBroker(
            self._engine, outbox_table=self._table, decoder=as_it_is, apply_types=False, logger=None
        )
        self._count = 0

        @self._broker.subscriber(
            "events",
            max_workers=WORKERS,
            fetch_batch_size=batch,
            min_fetch_interval=0.004,
            max_fetch_interval=0.05,
            terminal_flush_batch_size=max(1, batch // WORKERS),
        )
        async def relay(body: bytes) -> None:
            await self._kafka.publish(body, topic, key=body[KEY])
            self._count += 1

    async def open(self) -> None:
        """See Side."""
        async with self._engine.begin() as connection:
            await connection.run_sync(self._metadata.create_all)
        await self._kafka.start()
        await self._broker.start()

    async def refresh(self) -> None:
        """See Side."""
        async with self._engine.begin() as connection:
            await connection.execute(text(f"ANALYZE {self._table.name}"))

    async def drain(self, events: list[tuple[UUID, bytes]]) -> float:
        """See Side."""
        until = self._count + len(events)
        async with AsyncSession(self._engine) as session, session.begin():
            await self._broker.publish_batch(*(body for _, body in events), queue="events", session=session)
        began = time.perf_counter()
        while self._count < until or await self._is_waiting():  # noqa: ASYNC110  - the same
            await asyncio.sleep(_POLL_S)
        return time.perf_counter() - began

    async def close(self) -> None:
        """See Side."""
        await self._broker.stop()
        await self._kafka.stop()
        async with self._engine.begin() as connection:
            await connection.run_sync(self._metadata.drop_all)
        await self._engine.dispose()

    async def _is_waiting(self) -> bool:
        async with self._engine.connect() as connection:
            found = await connection.execute(self._table.select().limit(1))
            return found.first() is not None
