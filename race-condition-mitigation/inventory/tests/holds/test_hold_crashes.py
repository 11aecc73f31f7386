"""A replica dies or fails at every moment of a hold and of a sweep; the other replica agrees with what became of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from trivet_inventory.failpoints import FAILPOINTS
from trivet_platform import Program, Supervisor

Start = Callable[..., Program]
Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
ITEM = {"stock": 9, "unit_price_minor": 250, "currency": "EUR"}
HOLDS = [name for name in FAILPOINTS if name.startswith("inventory.holds.")]
SWEEPS = [name for name in FAILPOINTS if name.startswith("inventory.sweep.")]
LASTING = {"inventory.holds.after_commit", "inventory.holds.before_reply"}
STILL = {"TRIVET_INVENTORY_SWEEP_INTERVAL_MS": "60000"}


@pytest.fixture(scope="module")
def survivor(start_replica: Start) -> str:
    """Return the URL of a replica that nothing happens to, and that has swept for the last time in a while."""
    url: str = start_replica("advisory", **STILL).endpoints["url"]
    return url


def told(supervisor: Supervisor, program: Program) -> list[dict[str, Any]]:
    """Return the evidence that a replica's failpoints left in its log."""
    log = (supervisor.directory / "log" / f"{program.name}.log").read_text()
    return [json.loads(line) for line in log.splitlines() if '"event":"failpoint"' in line]


def moves_of(url: str, item_id: str) -> list[tuple[int, str, int]]:
    with psycopg.connect(url) as connection:
        query = "SELECT item_version, kind, stock_after FROM stock_moves WHERE item_id = %s ORDER BY item_version"
        return connection.execute(query, [item_id]).fetchall()


def entries_of(item_id: str) -> list[dict[str, Any]]:
    """A batch of each verb: an order that is sold, one that gives up, and one that only holds."""
    line = {"item_id": item_id, "quantity": 1}
    holds = [{"op": "hold", "id": f"{item_id}:{word}", "subject": "alice", "lines": [line]} for word in "abc"]
    order = {"subject": "alice", "order_id": "o1"}
    return [
        *holds,
        {"op": "pin", "id": f"{item_id}:a", **order},
        {"op": "confirm", "id": f"{item_id}:a", **order},
        {"op": "release", "id": f"{item_id}:b", **order},
    ]


@pytest.mark.parametrize("name", HOLDS)
def test_a_batch_whose_replica_died_is_told_by_the_other_one(
    name: str, start_replica: Start, survivor: str, settings_for: Any, supervisor: Supervisor
) -> None:
    victim = start_replica("advisory", TRIVET_FAILPOINTS=f"{name}=kill@2", **STILL)

    async def scenario() -> None:
        async with httpx.AsyncClient(timeout=30) as http:
            item_id = (await http.post(f"{survivor}/items", json=ITEM)).json()["id"]
            entries = entries_of(item_id)
            url = f"{victim.endpoints['url']}/stock-holds/batch"
            first = {"op": "release", "id": f"{item_id}:first", "subject": "alice"}
            assert (await http.post(url, json={"entries": [first]})).status_code == 200
            with pytest.raises(httpx.TransportError):
                await http.post(url, json={"entries": entries})
            (line,) = told(supervisor, victim)
            assert (line["name"], line["action"], line["hit"]) == (name, "kill", 2)
            before = moves_of(settings_for("advisory").database_url, item_id)
            assert len(before) == (4 if name in LASTING else 0)
            for again in (False, True):
                answer = await http.post(f"{survivor}/stock-holds/batch", json={"entries": entries})
                answers = answer.json()["answers"]
                # What was given back, whoever was told of it, is held no more.
                gone = again or name in LASTING
                assert [each["status"] for each in answers] == [201, 409 if gone else 201, 201, 200, 200, 200]
                assert [each["replayed"] for each in answers] == [gone, False, gone, gone, gone, gone]
            moves = moves_of(settings_for("advisory").database_url, item_id)
            assert moves == [(1, "held", 8), (2, "held", 7), (3, "held", 6), (4, "returned", 7)]
            assert (await http.get(f"{survivor}/items/{item_id}")).json()["stock"] == 7

    asyncio.run(scenario())


def test_an_error_at_every_moment_is_an_unknown_outcome_that_a_repeat_resolves(
    start_replica: Start, survivor: str, settings_for: Any, supervisor: Supervisor
) -> None:
    failing = start_replica("advisory", TRIVET_FAILPOINTS=",".join(f"{name}=error" for name in HOLDS), **STILL)

    async def scenario() -> None:
        limits = httpx.Limits(max_keepalive_connections=0)  # the server cuts a connection on which it met a defect
        async with httpx.AsyncClient(timeout=30, limits=limits) as http:
            item_id = (await http.post(f"{survivor}/items", json=ITEM)).json()["id"]
            hold = {"id": f"{item_id}:h", "subject": "alice", "lines": [{"item_id": item_id, "quantity": 2}]}
            for _ in HOLDS:
                answer = await http.post(f"{failing.endpoints['url']}/stock-holds", json=hold)
                assert (answer.status_code, answer.json()["definite"]) == (500, False)
            assert [line["name"] for line in told(supervisor, failing)] == HOLDS
            answers = [await http.post(f"{url}/stock-holds", json=hold) for url in (failing.endpoints["url"], survivor)]
            assert [answer.status_code for answer in answers] == [201, 201]
            assert answers[0].content == answers[1].content
            assert moves_of(settings_for("advisory").database_url, item_id) == [(1, "held", 7)]

    asyncio.run(scenario())


@pytest.mark.parametrize("name", SWEEPS)
def test_units_come_back_once_though_the_sweeper_died(
    name: str,
    start_replica: Start,
    survivor: str,
    open_shop: Any,
    settings_for: Any,
    supervisor: Supervisor,
    until: Until,
) -> None:
    url = settings_for("advisory").database_url
    plan = {"TRIVET_FAILPOINTS": f"{name}=kill", "TRIVET_INVENTORY_SWEEP_INTERVAL_MS": "20"}
    victim = start_replica("advisory", **plan)

    async def died() -> bool:
        return bool(told(supervisor, victim))

    async def scenario() -> None:
        async with httpx.AsyncClient(timeout=30) as http, open_shop("advisory") as inventory:
            item_id = (await http.post(f"{survivor}/items", json=ITEM)).json()["id"]
            hold = {"id": f"{item_id}:h", "subject": "alice", "lines": [{"item_id": item_id, "quantity": 2}]}
            assert (await http.post(f"{survivor}/stock-holds", json=hold)).status_code == 201
            with psycopg.connect(url) as connection:
                connection.execute("UPDATE stock_holds SET due_at = clock_timestamp() WHERE hold_id = %s", [hold["id"]])
            await until(died)
            lasts = name.endswith("after_commit")
            assert len(moves_of(url, item_id)) == (2 if lasts else 1)
            if not lasts:
                await until(inventory.sweeper.sweep)  # passes the hold over until the server has noticed the death
            assert await inventory.sweeper.sweep() == 0
            assert moves_of(url, item_id) == [(1, "held", 7), (2, "returned", 9)]
            answer = await http.get(f"{survivor}/stock-holds/{hold['id']}", params={"subject": "alice"})
            assert answer.json()["state"] == "expired"

    asyncio.run(scenario())
