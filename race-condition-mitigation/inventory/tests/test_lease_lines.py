"""What a replica writes of its leases: enough to see afterwards whether two of one item were in use at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from trivet_inventory.bootstrap import Inventory
from trivet_inventory.errors import LockIsBusy
from trivet_inventory.metrics import Metrics
from trivet_inventory.purchases import Checkout, Order
from trivet_inventory.strategies.redlock import Redlock
from trivet_locks import MemoryNode
from trivet_locks import Redlock as Quorum
from trivet_platform import Program, Supervisor

Sell = Callable[[Inventory, int], Awaitable[str]]
Start = Callable[..., Program]
TTL_MS = 5000
MS = 1_000_000
DEBUG = {"TRIVET_INVENTORY_LOG_LEVEL": "debug"}


def checkout_on(node: MemoryNode, clock: Callable[[], int], inventory: Inventory) -> Checkout:
    strategy = Redlock(Quorum([node], clock=clock), TTL_MS)
    return Checkout(inventory.database, strategy, Metrics(CollectorRegistry(), strategy.name))


def buy_one(open_shop: Any, sell: Sell, node: MemoryNode, clock: Callable[[], int]) -> list[dict[str, Any]]:
    """Return the lines of one purchase, which may be refused."""

    async def scenario() -> list[dict[str, Any]]:
        async with open_shop("redlock") as inventory:
            item_id = await sell(inventory, 3)
            with capture_logs() as lines:
                try:
                    await checkout_on(node, clock, inventory).buy(Order("anonymous", None, item_id, 1))
                except LockIsBusy:
                    lines.append({"event": "refused"})
            return lines

    return asyncio.run(scenario())


def test_a_lease_is_told_before_the_item_is_read_and_again_before_it_is_given_back(open_shop: Any, sell: Sell) -> None:
    asked_ns: dict[str, int] = {}

    class Watched(MemoryNode):
        async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
            asked_ns["granted"] = time.monotonic_ns()
            return await super().set_if_absent(key, token, ttl_ms)

        async def release(self, key: str, token: str) -> bool:
            asked_ns["released"] = time.monotonic_ns()
            return await super().release(key, token)

    held, over = buy_one(open_shop, sell, Watched("only"), lambda: 1)
    assert (held["event"], over["event"]) == ("lease held", "lease over")
    assert (held["log_level"], over["log_level"]) == ("debug", "debug")
    assert (held["resource"], held["fence"]) == (over["resource"], over["fence"])
    assert asked_ns["granted"] < held["held_ns"] < over["over_ns"] < asked_ns["released"]
    assert held["until_ns"] - held["held_ns"] == 4948 * MS


def test_what_was_spent_before_the_fence_is_taken_off_what_the_lease_is_believed(
    open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = [1]
    acquire = Quorum.acquire

    async def slowly(*arguments: Any, **words: Any) -> Any:
        lease = await acquire(*arguments, **words)
        now_ns[0] += 1000 * MS
        return lease

    monkeypatch.setattr(Quorum, "acquire", slowly)
    held, _ = buy_one(open_shop, sell, MemoryNode("only"), lambda: now_ns[0])
    assert held["until_ns"] - held["held_ns"] == 3948 * MS


def test_a_holder_that_is_turned_away_tells_its_end_too(
    open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = [1]
    record = Checkout._record

    async def paused_after_recording(*arguments: Any) -> None:
        await record(*arguments)
        now_ns[0] += TTL_MS * MS

    monkeypatch.setattr(Checkout, "_record", paused_after_recording)
    lines = buy_one(open_shop, sell, MemoryNode("only"), lambda: now_ns[0])
    assert [line["event"] for line in lines] == ["lease held", "lease over", "refused"]


def lines_of(supervisor: Supervisor, program: Program) -> list[dict[str, Any]]:
    log = (supervisor.directory / "log" / f"{program.name}.log").read_text()
    return [json.loads(line) for line in log.splitlines() if '"event":"lease' in line or '"level":"debug"' in line]


def purchase(program: Program, item: str, key: str) -> int:
    url = program.endpoints["url"]
    httpx.post(f"{url}/items", json={"id": item, "stock": 9, "unit_price_minor": 250, "currency": "EUR"})
    try:
        return httpx.post(f"{url}/buy-item", json={"item_id": item}, headers={"Idempotency-Key": key}).status_code
    except httpx.TransportError:
        return 0


def test_a_replica_at_debug_writes_two_lines_a_lease_and_hardly_anything_else(
    start_replica: Start, supervisor: Supervisor
) -> None:
    program = start_replica("redlock", **DEBUG)
    assert [purchase(program, "lines", f"lines-{number}") for number in range(5)] == [200] * 5
    program.stop()  # the last line may be written after the answer, but not after the end
    told = lines_of(supervisor, program)
    leases = [line for line in told if line["event"].startswith("lease ")]
    assert [line["event"] for line in leases] == ["lease held", "lease over"] * 5
    assert {line["resource"] for line in leases} == {"lines"}
    assert len({line["fence"] for line in leases}) == 5
    assert [line for line in told if line not in leases and "selector" not in line["event"]] == []


def test_a_replica_that_dies_writes_no_end(start_replica: Start, supervisor: Supervisor) -> None:
    failpoint = {"TRIVET_FAILPOINTS": "inventory.purchase.after_commit=kill"}
    program = start_replica("redlock", **DEBUG, **failpoint)
    assert purchase(program, "endless", "endless-1") == 0
    assert [line["event"] for line in lines_of(supervisor, program)][-1] == "lease held"


def test_at_the_usual_level_nothing_is_written(start_replica: Start, supervisor: Supervisor) -> None:
    program = start_replica("redlock")
    assert purchase(program, "quiet", "quiet-1") == 200
    assert lines_of(supervisor, program) == []
