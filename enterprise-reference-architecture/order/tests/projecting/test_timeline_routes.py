"""A customer reads and follows an order's history, of a real process on a real database."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from trivet_order.adapters.sqlalchemy import Database, Limits
from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.application.messages import Message, read, tell
from trivet_order.domain import InventoryRequested, Money, OrderEvent, PaymentRequested
from trivet_platform import Program, Supervisor, free_port

_MAIN = "from trivet_order.entrypoints.cli import main; main()"
ORDER = {"account_id": "ada-eur", "lines": [{"item_id": "umbrella", "quantity": 1}]}


@pytest.fixture
def start_api(database_url: str, supervisor: Supervisor) -> Iterator[Callable[..., Program]]:
    with ExitStack() as stack:

        def start(**environment: str) -> Program:
            listen = f"127.0.0.1:{free_port()}"
            variables = {"TRIVET_ORDER_LISTEN": listen, "TRIVET_ORDER_DATABASE_URL": database_url} | environment
            argv = [sys.executable, "-c", _MAIN, "api"]
            program = Program(f"order-api-{listen}", argv, variables, listen, f"http://{listen}/readyz")
            supervisor.start(program)
            stack.callback(supervisor.stop, program)
            return program

        yield start


@pytest.fixture
def arrive(database_url: str) -> Callable[..., None]:
    """Return what projects messages, in one transaction each."""

    async def project(messages: tuple[Message, ...]) -> None:
        database = Database(database_url, Limits(1, 5000, 5000, 5000, 5000), "tests")
        units = SqlAlchemyProjections(database, "tests")
        for message in messages:
            async with units.open() as unit:
                await unit.inbox.admit([message.event_id])
                await unit.timeline.record([message])
                await unit.commit()
        await database.close()

    return lambda *messages: asyncio.run(project(messages))


def order(url: str) -> str:
    answer = httpx.post(f"{url}/orders", json=ORDER, headers={"idempotency-key": uuid4().hex})
    assert answer.status_code == 202
    return str(answer.json()["id"])


def told(database_url: str, order_id: str) -> list[Message]:
    """Return what the order told, and what a checkout would have it tell after that."""
    with psycopg.connect(database_url) as connection:
        ((body,),) = connection.execute("SELECT body FROM outbox WHERE aggregate_id = %s", [order_id]).fetchall()
    first = read(bytes(body))
    every = {"occurred_on": first.occurred_on, "aggregate_id": UUID(order_id)}
    later: list[OrderEvent] = [
        InventoryRequested(event_id=uuid4(), aggregate_version=2, **every),
        PaymentRequested(event_id=uuid4(), aggregate_version=3, total=Money(5, "EUR"), **every),
    ]
    return [first, *(tell(event) for event in later)]


class Follower:
    """A client that reads a stream, in a thread of its own, until it ends."""

    def __init__(self, url: str, order_id: str, last: str | None = None) -> None:
        self.ids: list[str] = []
        self.more = threading.Condition()
        self._ended = False
        headers = {} if last is None else {"last-event-id": last}
        self._thread = threading.Thread(target=self._read, args=(f"{url}/orders/{order_id}/timeline/events", headers))
        self._thread.start()

    def _read(self, url: str, headers: dict[str, str]) -> None:
        with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/event-stream"
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    with self.more:
                        self.ids.append(line.removeprefix("id: "))
                        self.more.notify_all()
        with self.more:
            self._ended = True
            self.more.notify_all()

    def until(self, ids: list[str]) -> None:
        with self.more:
            assert self.more.wait_for(lambda: len(self.ids) >= len(ids), 30)
            assert self.ids == ids

    def end(self) -> None:
        with self.more:
            assert self.more.wait_for(lambda: self._ended, 30)
        self._thread.join()


def test_a_timeline_is_read_followed_and_gone_on_with(
    start_api: Callable[..., Program], arrive: Callable[..., None], database_url: str, supervisor: Supervisor
) -> None:
    program = start_api()
    url = program.endpoints["url"]
    order_id = order(url)
    one, two, three = told(database_url, order_id)
    place = f"{url}/orders/{order_id}/timeline"
    assert httpx.get(place).json() == {"entries": [], "version": 0}

    follower = Follower(url, order_id)
    arrive(one, three)
    follower.until(["1"])
    found = httpx.get(place).json()
    assert (found["version"], [entry["type"] for entry in found["entries"]]) == (1, ["OrderCreated"])
    arrive(two)
    follower.until(["1", "2", "3"])
    assert httpx.get(place).json()["version"] == 3

    late = Follower(url, order_id, last="2")
    late.until(["3"])
    lost = Follower(url, order_id, last="what is this")
    lost.until(["1", "2", "3"])

    supervisor.stop(program)
    for each in (follower, late, lost):
        each.end()
        assert each.ids[-1] == "3"


def test_a_stream_ends_after_its_time_and_one_more_than_may_be_is_refused(start_api: Callable[..., Program]) -> None:
    url = start_api(TRIVET_ORDER_STREAMS_MAX="1").endpoints["url"]
    place = f"{url}/orders/{order(url)}/timeline/events"
    assert httpx.get(place, params={"for_ms": 0}).status_code == 200
    with httpx.stream("GET", place):
        refused = httpx.get(place)
        assert (refused.status_code, refused.json()["code"]) == (429, "queue-full")
    assert httpx.get(f"{url}/orders/{uuid4()}/timeline").status_code == 404
