"""Real relays on real servers: a database with a writer, a topic, processes, and the end of it all."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self
from uuid import UUID

import asyncpg

from trivet_order.adapters.kafka.topics import create_topic
from trivet_order.adapters.sqlalchemy.sharding import shard_of
from trivet_platform import Kafka, Program, Supervisor, free_port

from .ground import told
from .statements import assert_kept
from .topics import records_of

_MAIN = "from trivet_order.entrypoints.cli import main; main()"
_PATIENCE_S = 60
_LOOK_EVERY_S = 0.01
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_PUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"
_HELD = "SELECT count(*) FROM outbox_leases WHERE holder LIKE '%:' || $1"
_INSERT = """
INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


class Shop:
    """A database and a topic of its own.

    Its writer commits events of a few orders, and rolls others back; whatever was committed is asked of the database,
    since a COMMIT that was cut may have happened.
    """

    def __init__(self, supervisor: Supervisor, kafka: Kafka, url: str, seed: int) -> None:
        self._supervisor = supervisor
        self._kafka = kafka
        self._url = url
        self._rng = random.Random(seed)  # noqa: S311  - a schedule, which keeps no secret
        self._orders = [UUID(int=self._rng.getrandbits(128), version=4) for _ in range(12)]
        self._relays: list[Program] = []
        self._committed = self._refused = 0
        self.topic = f"relayed-{uuid.uuid4().hex[:12]}"

    async def __aenter__(self) -> Self:
        """Make the topic, and empty the outbox."""
        await create_topic([self._kafka.servers], self.topic)
        connection = await asyncpg.connect(self._url)
        await connection.execute("TRUNCATE outbox, outbox_failures; UPDATE outbox_leases SET until = '-infinity'")
        await connection.close()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every relay."""
        for relay in self._relays:
            await asyncio.to_thread(relay.kill)

    async def relay(self, **environment: str) -> Program:
        """Start a relay and return when it is ready, or when it has died."""
        listen = f"127.0.0.1:{free_port()}"
        variables = {
            "TRIVET_ORDER_LISTEN": listen,
            "TRIVET_ORDER_DATABASE_URL": self._url,
            "TRIVET_ORDER_KAFKA_SERVERS": self._kafka.servers,
            "TRIVET_ORDER_TOPIC": self.topic,
            "TRIVET_ORDER_KAFKA_REQUEST_TIMEOUT_MS": "900",
            "TRIVET_ORDER_RELAY_LEASE_MS": "2000",
            "TRIVET_ORDER_RELAY_BATCH_MAX": "20",
            "TRIVET_LAB": "tests",
        }
        argv = [sys.executable, "-c", _MAIN, "relay"]
        # It is ready as soon as it runs: one that is to die may be dead before anybody could look.
        program = Program(f"relay-{listen.rpartition(':')[2]}", argv, variables | environment)
        self._relays.append(program)
        await asyncio.to_thread(self._supervisor.start, program)
        return program

    async def died(self, program: Program) -> None:
        """Wait until a relay is gone."""
        await _until(lambda: not program.pids)

    def told(self, program: Program, event: str = "failpoint") -> list[dict[str, object]]:
        """Return the lines of an event in a relay's log."""
        log = Path(self._supervisor.directory) / "log" / f"{program.name}.log"
        return [json.loads(line) for line in log.read_text().splitlines() if f'"event":"{event}"' in line]

    async def tells(self, program: Program, event: str, times: int = 1) -> None:
        """Wait until a relay has told of an event so often."""
        await _until(lambda: len(self.told(program, event)) >= times)

    async def overtaken(self, program: Program) -> None:
        """Wait until others hold everything that a relay held, then let it go on."""
        await self._counted(lambda held: not held, _HELD, program.name.rpartition("-")[2])
        program.resume()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Commit events all the while, a few at a time, whatever becomes of the database."""
        is_over = asyncio.Event()
        writer = asyncio.create_task(self._write(is_over))
        try:
            yield
        finally:
            is_over.set()
            await writer

    async def write(self, units: int) -> None:
        """Commit so many units."""
        connection = await asyncpg.connect(self._url)
        try:
            for _ in range(units):
                await self._unit(connection)
        finally:
            await connection.close()

    async def commits(self, units: int) -> None:
        """Wait until the writer has ended so many more units."""
        enough = self._committed + units
        await _until(lambda: self._committed >= enough)

    async def is_refused(self) -> None:
        """Wait until the writer has met a database that is away."""
        before = self._refused
        await _until(lambda: self._refused > before)

    async def marks(self, events: int) -> None:
        """Wait until so many more events are marked as sent."""
        before = await self._counted(lambda marked: marked >= 0, _PUBLISHED)
        await self._counted(lambda marked: marked >= before + events, _PUBLISHED)

    async def _counted(self, enough: Callable[[int], bool], sql: str, *arguments: object) -> int:
        """Ask the database for a count until it is enough, and return it."""
        connection = await asyncpg.connect(self._url)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not enough(count := int(await connection.fetchval(sql, *arguments))):  # noqa: ASYNC110  - a row
                    await asyncio.sleep(_LOOK_EVERY_S)
                return count
        finally:
            await connection.close()

    async def _write(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            try:
                await self.write(1)
                self._committed += 1
            except _AWAY:
                self._refused += 1
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.005)

    async def _unit(self, connection: asyncpg.Connection) -> None:
        order = self._rng.choice(self._orders)
        transaction = connection.transaction()
        await transaction.start()
        # The lock stands for the order's own row, which its unit of work changes before it tells of it.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", order.int % 2**62)
        last = await connection.fetchval("SELECT max(aggregate_version) FROM outbox WHERE aggregate_id = $1", order)
        for version in range((last or 0) + 1, (last or 0) + 1 + self._rng.randint(1, 4)):
            m = told(order, version)
            await connection.execute(
                _INSERT, m.event_id, order, version, shard_of(order), m.type, m.version, m.occurred_on, m.body
            )
        if self._rng.random() < 0.2:
            await transaction.rollback()
        else:
            await transaction.commit()

    async def drained(self) -> int:
        """Wait until nothing is unpublished, then check every statement; return how many copies were too many."""
        await self._counted(lambda waiting: not waiting, _UNPUBLISHED)
        connection = await asyncpg.connect(self._url)
        try:
            rows = await connection.fetch("SELECT event_id, body FROM outbox")
        finally:
            await connection.close()
        committed = {row["event_id"]: row["body"] for row in rows}
        assert committed, "nothing was ever committed"
        records = await records_of(self._kafka.servers, self.topic)
        assert_kept(records, committed)
        return len(records) - len(committed)


async def _until(is_so: Callable[[], bool]) -> None:
    """Wait for what another process or task does, and tells nobody of."""
    async with asyncio.timeout(_PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  - who does it cannot set an event here
            await asyncio.sleep(_LOOK_EVERY_S)
