"""A lock's holder stands still for longer than its lease, while another buys: who refuses it, and what if that is gone.

The pause begins right behind the last look at the lease, so nothing that the holder can ask itself helps. What does is
taken away guard by guard, in real processes whose statement is changed before they start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from trivet_platform import Program

Start = Callable[..., Program]
Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


def without(words: str) -> str:
    """Return the mutation that takes words out of the statement that takes units."""
    return f"assert {words!r} in redlock._TAKE; redlock._TAKE = redlock._TAKE.replace({words!r}, '')\n"


IMPORT = "from trivet_inventory.strategies import redlock\n"
NO_FENCE = without(" AND fence < $3")
NO_GUARD = without(" AND stock >= $2")
NO_LOOK_BEFORE_COMMIT = "redlock.Held.ensure_held = lambda self: None\n"
NO_CONSTRAINT = "redlock.Redlock.constrained = False\n"

# No pause in these tests ends by itself, and no server ends the paused transaction: the test decides when it goes on.
LATE = {
    "TRIVET_FAILPOINTS": "inventory.purchase.before_write=pause:900000",
    "TRIVET_INVENTORY_LOCK_TTL_MS": "1000",
    "TRIVET_INVENTORY_IDLE_IN_TRANSACTION_TIMEOUT_MS": "60000",
}


@dataclass(frozen=True)
class Ended:
    """What the late holder was told, and what is in the database."""

    status: int
    told: dict[str, Any]
    stock: int
    keys: list[str]
    again: int
    """The status of the late key's next request, at the other replica."""

    def oversold(self, initial_stock: int) -> bool:
        """Whether more was sold than there was; `keys` are the purchases before that next request."""
        return len(self.keys) > initial_stock or self.stock < 0


async def buy(http: httpx.AsyncClient, url: str, item_id: str, key: str) -> httpx.Response:
    body, headers = {"item_id": item_id}, {"Idempotency-Key": f"{item_id}-{key}"}
    return await http.post(f"{url}/buy-item", json=body, headers=headers, timeout=None)


async def paused_buyer(http: httpx.AsyncClient, until: Until, late: Program, item_id: str) -> asyncio.Task[Any]:
    """Return the purchase whose process stands still; one whose lease a slow machine let run out is another try."""
    process = psutil.Process(late.pids[0])
    while True:
        buying = asyncio.create_task(buy(http, late.endpoints["url"], item_id, "late"))

        async def stands_still_or_was_refused(buying: asyncio.Task[Any] = buying) -> bool:
            return process.status() == psutil.STATUS_STOPPED or buying.done()

        await until(stands_still_or_was_refused)
        if not buying.done():
            return buying


async def race(until: Until, late: Program, prompt: Program, database_url: str, stock: int) -> Ended:
    """Pause one holder past its lease, let another buyer buy, wake the first, and see."""
    url = prompt.endpoints["url"]
    async with httpx.AsyncClient() as http:
        item = {"stock": stock, "unit_price_minor": 250, "currency": "EUR"}
        item_id = (await http.post(f"{url}/items", json=item)).json()["id"]
        buying = await paused_buyer(http, until, late, item_id)

        async def sold_to_another() -> bool:
            answer = await buy(http, url, item_id, "prompt")
            assert answer.status_code in {200, 429}
            return answer.status_code == 200

        await until(sold_to_another)  # 429 until the lease has run out on a quorum of masters
        late.resume()
        answer = await buying
        with psycopg.connect(database_url) as connection:
            rows = connection.execute(
                "SELECT key FROM purchases WHERE item_id = %s AND outcome = 'purchased' ORDER BY item_version",
                [item_id],
            ).fetchall()
        left = (await http.get(f"{url}/items/{item_id}")).json()["stock"]
        again = await buy(http, url, item_id, "late")
        keys = [key.removeprefix(f"{item_id}-") for (key,) in rows]
        return Ended(answer.status_code, answer.json(), left, keys, again.status_code)


@pytest.fixture(scope="module")
def prompt(start_replica: Start) -> Program:
    """The replica that buys meanwhile; nothing is taken from it."""
    return start_replica("redlock")


@pytest.mark.parametrize(
    ("mutation", "stock", "detail", "again"),
    [
        pytest.param("", 2, "a later buyer of", 200, id="the-fence-refuses"),
        pytest.param(NO_FENCE, 2, "the lease ran out before COMMIT", 200, id="without-the-fence-it-wrote"),
        pytest.param(NO_FENCE + NO_LOOK_BEFORE_COMMIT, 1, "a later buyer of", 409, id="the-guard-alone"),
    ],
)
def test_a_holder_that_overslept_its_lease_is_turned_away_and_nothing_is_oversold(
    mutation: str,
    stock: int,
    detail: str,
    again: int,
    start_replica: Start,
    prompt: Program,
    settings_for: Any,
    until: Until,
) -> None:
    late = start_replica("redlock", IMPORT + mutation, **LATE)
    ended = asyncio.run(race(until, late, prompt, settings_for("redlock").database_url, stock))
    assert (ended.status, ended.told["code"], ended.told["definite"]) == (429, "lock-busy", True)
    assert ended.told["detail"].startswith(detail)
    assert (ended.keys, ended.stock, ended.again) == (["prompt"], stock - 1, again)
    assert not ended.oversold(stock)


def test_behind_fence_guard_and_lease_the_constraint_still_refuses(
    start_replica: Start, prompt: Program, settings_for: Any, until: Until
) -> None:
    late = start_replica("redlock", IMPORT + NO_FENCE + NO_GUARD + NO_LOOK_BEFORE_COMMIT, **LATE)
    ended = asyncio.run(race(until, late, prompt, settings_for("redlock").database_url, 1))
    assert (ended.status, ended.told["code"]) == (500, "internal")  # nobody expects to get that far
    assert (ended.keys, ended.stock, ended.again) == (["prompt"], 0, 409)
    assert not ended.oversold(1)


def test_without_fence_and_guard_and_what_stands_behind_them_the_last_unit_is_sold_twice(
    start_replica: Start, settings_for: Any, until: Until
) -> None:
    unconstrained = {"TRIVET_INVENTORY_DATABASE_URL": settings_for("naive").database_url}
    mutation = IMPORT + NO_FENCE + NO_GUARD + NO_LOOK_BEFORE_COMMIT + NO_CONSTRAINT
    late = start_replica("redlock", mutation, **LATE, **unconstrained)
    prompt = start_replica("redlock", IMPORT + NO_CONSTRAINT, **unconstrained)
    ended = asyncio.run(race(until, late, prompt, unconstrained["TRIVET_INVENTORY_DATABASE_URL"], 1))
    assert (ended.status, ended.keys, ended.stock) == (200, ["prompt", "late"], -1)
    assert ended.oversold(1)
