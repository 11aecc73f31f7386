"""A replica dies or fails at every moment of an order; the key's next request, at the other replica, agrees."""

from __future__ import annotations

import ast
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import psycopg.sql
import pytest

import trivet_order
from trivet_order.bootstrap import audit
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import Settings
from trivet_platform import Program, Supervisor

Start = Callable[..., Program]
CREATE = [name for name in FAILPOINTS if name.startswith("order.create.")]
CANCEL = [name for name in FAILPOINTS if name.startswith("order.cancel.")]
LASTING = {"order.create.after_commit", "order.create.before_reply", "order.cancel.after_commit"}
Made = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def survivor(start_replica: Start) -> str:
    """Return the URL of a replica that nothing happens to."""
    url: str = start_replica().endpoints["url"]
    return url


@pytest.fixture
def made(database_url: str) -> Made:
    """Return what tells of a table's rows of the anonymous customer's newest order."""
    newest = "(SELECT id FROM orders ORDER BY id DESC LIMIT 1)"

    def look(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url) as connection:
            return connection.execute(query.replace("NEWEST", newest).encode()).fetchall()

    return look


@pytest.fixture
def count(database_url: str) -> Callable[[], list[int]]:
    """Return what counts everything that an order writes."""
    counts = [
        psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
        for table in ("orders", "order_lines", "order_keys", "outbox", "sagas")
    ]

    def look() -> list[int]:
        with psycopg.connect(database_url) as connection:
            return [connection.execute(each).fetchall()[0][0] for each in counts]

    return look


async def order(http: httpx.AsyncClient, url: str, key: str, wanted: dict[str, Any]) -> httpx.Response:
    return await http.post(f"{url}/orders", json=wanted, headers={"Idempotency-Key": key}, timeout=30)


async def settled(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Ask again as long as the transaction of a replica that died was not noticed to be cut."""
    while (answer := await ask()).status_code == 409:
        assert answer.json()["code"] == "request-in-flight"
    return answer


def told(supervisor: Supervisor, program: Program) -> list[tuple[str, str]]:
    """Return the evidence that a replica's failpoints left in its log."""
    log = (supervisor.directory / "log" / f"{program.name}.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if '"event":"failpoint"' in line]
    return [(line["name"], line["action"]) for line in lines]


def test_the_moments_that_are_told_are_those_in_the_code() -> None:
    root = Path(str(trivet_order.__file__)).parent
    called = {
        node.args[0].value
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint"
        if isinstance(node.args[0], ast.Constant)
    }
    assert {name for name in called if str(name).startswith(("order.create.", "order.cancel."))} == {*CREATE, *CANCEL}
    assert called <= FAILPOINTS.keys()


@pytest.mark.parametrize("name", CREATE)
async def test_a_replica_dies_over_an_order_and_the_other_one_agrees(
    name: str,
    start_replica: Start,
    survivor: str,
    supervisor: Supervisor,
    wanted: dict[str, Any],
    count: Callable[[], list[int]],
) -> None:
    victim, key, before = start_replica(TRIVET_FAILPOINTS=f"{name}=kill"), uuid4().hex, count()
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.TransportError):
            await order(http, victim.endpoints["url"], key, wanted)
        assert told(supervisor, victim) == [(name, "kill")]
        left = [now - then for now, then in zip(count(), before, strict=True)]
        assert left == ([1, 2, 1, 1, 1] if name in LASTING else [0] * 5)
        answer = await settled(lambda: order(http, survivor, key, wanted))
        assert answer.status_code == 202
        assert ("idempotency-replayed" in answer.headers) == (name in LASTING)
        again = await order(http, survivor, key, wanted)
    assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")
    assert [now - then for now, then in zip(count(), before, strict=True)] == [1, 2, 1, 1, 1]


@pytest.mark.parametrize("name", CANCEL)
async def test_a_replica_dies_over_a_cancellation_and_the_other_one_agrees(
    name: str, start_replica: Start, survivor: str, supervisor: Supervisor, wanted: dict[str, Any], made: Made
) -> None:
    victim = start_replica(TRIVET_FAILPOINTS=f"{name}=kill")
    story = "SELECT type, aggregate_version FROM outbox WHERE aggregate_id = NEWEST ORDER BY position"
    async with httpx.AsyncClient() as http:
        path = (await order(http, survivor, uuid4().hex, wanted)).headers["location"]
        with pytest.raises(httpx.TransportError):
            await http.delete(victim.endpoints["url"] + path)
        assert told(supervisor, victim) == [(name, "kill")]
        cancelled = [("OrderCancelled", 2)] if name in LASTING else []
        assert made(story) == [("OrderCreated", 1), *cancelled]
        answers = [await http.delete(survivor + path) for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, answer.json()["status"]) == (202, "Order Cancelled")
    assert made(story) == [("OrderCreated", 1), ("OrderCancelled", 2)]


async def test_an_error_at_every_moment_is_an_unknown_outcome_that_the_key_resolves(
    start_replica: Start, survivor: str, supervisor: Supervisor, wanted: dict[str, Any], count: Callable[[], list[int]]
) -> None:
    failing, before = start_replica(TRIVET_FAILPOINTS=",".join(f"{name}=error" for name in CREATE)), count()
    url, key = failing.endpoints["url"], uuid4().hex
    # A connection for each request: the server cuts the one on which it had to report a defect.
    async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as http:
        for _ in CREATE:
            answer = await order(http, url, key, wanted)
            problem = answer.json()
            assert (answer.status_code, problem["code"], problem["definite"]) == (500, "internal", False)
        assert told(supervisor, failing) == [(name, "error") for name in CREATE]
        answers = [await order(http, each, key, wanted) for each in (url, survivor)]
    for answer in answers:
        assert (answer.status_code, answer.headers["idempotency-replayed"]) == (202, "true")
    assert answers[0].content == answers[1].content
    assert [now - then for now, then in zip(count(), before, strict=True)] == [1, 2, 1, 1, 1]


def test_after_all_of_this_the_books_are_proven(database_url: str) -> None:
    found = audit(Settings(database_url=database_url))
    assert found.proven, found.lines()
