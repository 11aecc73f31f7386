"""A replica dies or fails at every moment of a purchase; the key's next request, at the other replica, agrees.

Every moment of a hold and of a sweep has its row in ``holds/test_hold_crashes.py``.
"""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import trivet_inventory
from trivet_inventory.failpoints import FAILPOINTS
from trivet_platform import Program, Supervisor

Start = Callable[..., Program]
Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
ITEM = {"stock": 9, "unit_price_minor": 250, "currency": "EUR"}
MOMENTS = [name for name in FAILPOINTS if name.startswith("inventory.purchase.")]
AFTER_KEY_CLAIM, AFTER_ADMISSION, AFTER_READ, BEFORE_WRITE, BEFORE_COMMIT, AFTER_COMMIT, BEFORE_REPLY = MOMENTS
LASTING = {AFTER_COMMIT, BEFORE_REPLY}
MAY_PASS = {"lock-busy", "request-in-flight"}  # a dead holder's lease has to run out, a cut transaction to be noticed


@pytest.fixture(scope="module")
def survivor(start_replica: Start) -> Callable[[str], str]:
    """Return the URL of a strategy's replica that nothing happens to."""
    urls: dict[str, str] = {}

    def ask(strategy: str) -> str:
        if strategy not in urls:
            urls[strategy] = start_replica(strategy).endpoints["url"]
        return urls[strategy]

    return ask


async def buy(http: httpx.AsyncClient, url: str, item_id: str, key: str) -> httpx.Response:
    body, headers = {"item_id": item_id}, {"Idempotency-Key": key}
    return await http.post(f"{url}/buy-item", json=body, headers=headers, timeout=30)


async def decided(http: httpx.AsyncClient, until: Until, url: str, item_id: str, key: str) -> httpx.Response:
    """Buy with one key until the answer is one that stays."""

    async def ask() -> httpx.Response | None:
        answer = await buy(http, url, item_id, key)
        return None if answer.status_code != 200 and answer.json()["code"] in MAY_PASS else answer

    answer: httpx.Response = await until(ask)
    return answer


async def cut(http: httpx.AsyncClient, until: Until, url: str, item_id: str, key: str) -> None:
    """Buy until the connection is cut; a lease that a slow machine let run out is another try."""

    async def ask() -> bool:
        try:
            answer = await buy(http, url, item_id, key)
        except httpx.TransportError:
            return True
        assert answer.json()["code"] == "lock-busy"
        return False

    await until(ask)


def told(supervisor: Supervisor, program: Program) -> list[dict[str, Any]]:
    """Return the evidence that a replica's failpoints left in its log."""
    log = (supervisor.directory / "log" / f"{program.name}.log").read_text()
    return [json.loads(line) for line in log.splitlines() if '"event":"failpoint"' in line]


def purchases(url: str, item_id: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        query = "SELECT key, outcome FROM purchases WHERE item_id = %s ORDER BY item_version"
        return connection.execute(query, [item_id]).fetchall()


def test_the_moments_that_are_told_are_those_in_the_code() -> None:
    root = Path(str(trivet_inventory.__file__)).parent
    called = {
        node.args[0].value
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint"
        if isinstance(node.args[0], ast.Constant)
    }
    assert called == set(FAILPOINTS)


@pytest.mark.parametrize(
    ("strategy", "name", "hit"),
    [*(("redlock", name, 1) for name in MOMENTS), ("advisory", AFTER_COMMIT, 3)],
)
def test_a_replica_dies_and_the_other_one_agrees(
    strategy: str,
    name: str,
    hit: int,
    start_replica: Start,
    survivor: Callable[[str], str],
    settings_for: Any,
    supervisor: Supervisor,
    until: Until,
) -> None:
    other = survivor(strategy)
    plan = {"TRIVET_FAILPOINTS": f"{name}=kill@{hit}", "TRIVET_INVENTORY_LOCK_TTL_MS": "1000"}
    victim = start_replica(strategy, **plan)
    url = victim.endpoints["url"]

    async def scenario() -> None:
        async with httpx.AsyncClient() as http:
            item_id = (await http.post(f"{other}/items", json=ITEM)).json()["id"]
            before = [f"{item_id}-{number}" for number in range(1, hit)]
            for key in before:
                assert (await buy(http, url, item_id, key)).status_code == 200
            key = f"{item_id}-cut"
            await cut(http, until, url, item_id, key)
            (line,) = told(supervisor, victim)
            assert (line["name"], line["action"], line["hit"]) == (name, "kill", hit)
            answer = await decided(http, until, other, item_id, key)
            assert answer.status_code == 200
            assert ("idempotency-replayed" in answer.headers) == (name in LASTING)
            assert answer.headers["x-trivet-node"] == other.removeprefix("http://")
            again = await buy(http, other, item_id, key)
            assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")
            rows = purchases(settings_for(strategy).database_url, item_id)
            assert rows == [(each, "purchased") for each in [*before, key]]
            assert (await http.get(f"{other}/items/{item_id}")).json()["stock"] == 9 - hit

    asyncio.run(scenario())


def test_an_error_at_every_moment_is_an_unknown_outcome_that_the_key_resolves(
    start_replica: Start, survivor: Callable[[str], str], settings_for: Any, supervisor: Supervisor, until: Until
) -> None:
    other = survivor("redlock")
    failing = start_replica("redlock", TRIVET_FAILPOINTS=",".join(f"{name}=error" for name in MOMENTS))
    url = failing.endpoints["url"]

    async def scenario() -> None:
        # A connection for each request: the server cuts the one on which it had to report a defect.
        async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as http:
            item_id = (await http.post(f"{other}/items", json=ITEM)).json()["id"]
            for _ in MOMENTS:
                answer = await decided(http, until, url, item_id, "the-one")
                problem = answer.json()
                assert (answer.status_code, problem["code"], problem["definite"]) == (500, "internal", False)
            assert [line["name"] for line in told(supervisor, failing)] == MOMENTS
            answers = [await decided(http, until, each, item_id, "the-one") for each in (url, other)]
            for answer in answers:
                assert (answer.status_code, answer.headers["idempotency-replayed"]) == (200, "true")
            assert answers[0].content == answers[1].content
            assert purchases(settings_for("redlock").database_url, item_id) == [("the-one", "purchased")]
            assert (await http.get(f"{other}/items/{item_id}")).json()["stock"] == 8

    asyncio.run(scenario())
