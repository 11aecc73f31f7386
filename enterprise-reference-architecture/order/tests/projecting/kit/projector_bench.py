"""A topic, a database, and projectors between them, as a test looks at them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any
from unittest import mock
from uuid import UUID

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # aiokafka ships no types
from order_events import history, partition_of
from order_topic import produce

from trivet_order.application.messages import Message
from trivet_order.entrypoints.cli import app
from trivet_platform import Program

PARTITIONS = 12
_PATIENCE_S = 60
_MAIN = "from trivet_order.entrypoints.cli import main; main()"
Start = Callable[["Bench", str, dict[str, str]], Program]


class Bench:
    """What the parts of a test share."""

    def __init__(self, servers: str, topic: str, database_url: str, start: Start) -> None:
        self.servers = servers
        self.topic = topic
        self.database_url = database_url
        self._start = start
        self.variables = {
            "TRIVET_ORDER_DATABASE_URL": database_url,
            "TRIVET_ORDER_KAFKA_SERVERS": servers,
            "TRIVET_ORDER_TOPIC": topic,
            "TRIVET_ORDER_PROJECTOR_BATCH_MAX": "7",
            "TRIVET_ORDER_PROJECTOR_SESSION_TIMEOUT_MS": "1000",
            "TRIVET_ORDER_PROJECTOR_RETRY_MS_MAX": "200",
            "TRIVET_ORDER_IDLE_IN_TRANSACTION_TIMEOUT_MS": "1000",
            "TRIVET_LAB": "tests",
        }

    def start(self, mutation: str = "", **environment: str) -> Program:
        """Start a projector, and return once it has its partitions; ``mutation`` is Python that it runs before."""
        return self._start(self, mutation, environment)

    async def send(self, messages: Iterable[Message]) -> None:
        """Send events as the relay does."""
        await self.send_raw(
            [(partition_of(each, PARTITIONS), str(each.aggregate_id).encode(), each.body) for each in messages]
        )

    async def send_raw(self, records: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
        """Send whatever it is."""
        await produce(self.servers, self.topic, records)

    def written(self, messages: Iterable[Message]) -> Counter[tuple[UUID, UUID, int, str]]:
        """Return what the timeline has of the orders of these events."""
        query = "SELECT event_id, order_id, order_version, type FROM timeline WHERE order_id = ANY(%s)"
        return Counter(self.rows(query, [list({each.aggregate_id for each in messages})]))

    def parked(self) -> list[tuple[int, int, bytes | None, str, bool]]:
        """Return what was parked of the topic: partition, offset, value, reason, and whether it was replayed."""
        query = (
            "SELECT partition, record_offset, value, reason, replayed_at IS NOT NULL FROM parked WHERE topic = %s "
            "ORDER BY partition, record_offset"
        )
        return self.rows(query, [self.topic])

    def rows(self, query: str, arguments: Sequence[Any] = ()) -> list[Any]:
        """Ask the database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, arguments).fetchall()

    def until(self, probe: Callable[[], Any]) -> Any:
        """Ask again and again until something is true; a state that never comes fails the test."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := probe()):
            assert time.monotonic() < deadline, f"never came to pass: {self.state()}"
            time.sleep(0.02)
        return found

    def state(self) -> object:
        """Return what a test that waited in vain wants to know."""
        return self.rows("SELECT count(*) FROM timeline"), self.parked()

    def until_arrived(self, messages: Sequence[Message]) -> None:
        """Wait until there is an entry for each of these events, or more."""
        self.until(lambda: self.written(messages).total() >= len(messages))

    def until_dead(self, program: Program) -> None:
        """Wait until a process has ended."""
        self.until(lambda: not program.pids)

    async def unsettled(self) -> dict[int, int]:
        """Return how many records of each partition the group has not committed, of those that have any."""
        async with AIOKafkaConsumer(bootstrap_servers=self.servers, group_id="order-timeline") as consumer:
            partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(partitions)
            left = {each.partition: ends[each] - (await consumer.committed(each) or 0) for each in partitions}
            return {partition: count for partition, count in left.items() if count}

    def command(self, *words: str, status: int = 0) -> Any:
        """Run ``trivet-order`` with --json in this process, and return what it says."""
        said = io.StringIO()
        with mock.patch.dict(os.environ, self.variables), contextlib.redirect_stdout(said):
            ended = _status(lambda: app([*words, "--json"]))
        assert ended == status, said.getvalue()
        return json.loads(said.getvalue()) if said.getvalue() else None

    def mutated_command(self, mutation: str, *words: str, status: int = 0) -> Any:
        """Do the same in a process that runs some Python before."""
        argv = [sys.executable, "-c", f"{mutation}\n{_MAIN}", *words, "--json"]
        done = subprocess.run(argv, env=os.environ | self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr + done.stdout
        return json.loads(done.stdout)


def _status(run: Callable[[], object]) -> int:
    try:
        run()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def events_of(random: Random, orders: int) -> list[Message]:
    """Return what so many orders told that no other test has, interleaved, each one's in its order."""
    waiting = [history(uuid.uuid4().int % 2**60, random.randint(1, 5)) for _ in range(orders)]
    told = []
    while waiting := [one for one in waiting if one]:
        told.append(random.choice(waiting).pop(0))
    return told
