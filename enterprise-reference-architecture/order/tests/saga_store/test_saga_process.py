"""A worker as an operator finds it: its health, its metrics, its alarms, and participants that do not answer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from order_contracts.saga_grounds import advanced, new_order
from sql_sagas import SqlSagas, opened

from trivet_order.adapters.sqlalchemy.saga_backlog import COUNTED_MAX, weigh_sagas
from trivet_order.application.saga import SagaEvent, park
from trivet_platform import Program, Supervisor, free_port

_MAIN = "from trivet_order.entrypoints.cli import main; main()"
_NOWHERE = "http://127.0.0.1:1"


@asynccontextmanager
async def worker(supervisor: Supervisor, url: str, **environment: str) -> AsyncIterator[httpx.AsyncClient]:
    """Lend a client of a worker that runs, whose participants are nowhere."""
    listen = f"127.0.0.1:{free_port()}"
    variables = {
        "TRIVET_ORDER_LISTEN": listen,
        "TRIVET_ORDER_DATABASE_URL": url,
        "TRIVET_ORDER_INVENTORY_URL": _NOWHERE,
        "TRIVET_ORDER_RESERVATION_URL": _NOWHERE,
        "TRIVET_ORDER_WALLET_URL": _NOWHERE,
        "TRIVET_ORDER_SAGA_RETRY_MS_MAX": "50",
    }
    argv = [sys.executable, "-c", _MAIN, "saga", "worker"]
    program = Program(f"saga-{listen}", argv, variables | environment, listen, f"http://{listen}/readyz")
    supervisor.start(program)
    try:
        async with httpx.AsyncClient(base_url=f"http://{listen}", timeout=30) as client:
            yield client
    finally:
        supervisor.stop(program)


async def concerns(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()["concerns"]
    return told


async def concerned(client: httpx.AsyncClient) -> bool:
    return None not in (await concerns(client)).values()


async def tried(ground: SqlSagas, order_id: UUID) -> bool:
    """Return whether it was tried again and again."""
    steps = "SELECT count(*) FROM saga_steps WHERE order_id = $1 AND event IN ('no answer', 'put off')"
    ((count,),) = await ground.rows(steps, order_id)
    return int(count) >= 8


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(60):
        while not await is_so():  # noqa: ASYNC110  - who does it cannot set an event here
            await asyncio.sleep(0.05)


async def test_a_worker_tells_of_what_is_parked_and_of_participants_that_do_not_answer(
    supervisor: Supervisor, database_url: str
) -> None:
    async with opened(database_url) as (ground, _):
        order, other = await new_order(ground), await new_order(ground)
        leases = await ground.all_leases()
        found = {each.order.id: each for each in (await ground.store().claim(leases, 10, [])).found}
        await ground.store().record(leases, [park(found[order.id], "a closer look")])
        await ground.leases().give_back(leases)
        async with worker(supervisor, database_url) as client:
            await until(lambda: tried(ground, other.id))
            await until(lambda: concerned(client))
            told = await concerns(client)
            assert "1 parked: see trivet-order saga list --parked" in told["sagas"]
            assert "inventory" in told["participants"]
            metrics = (await client.get("/metrics")).text
        assert "trivet_order_sagas_parked 1.0" in metrics
        assert 'trivet_order_sagas_going{state="confirming"} 0.0' in metrics
        assert 'trivet_order_saga_steps_total{event="begun"} 1.0' in metrics
        assert 'trivet_order_sagas_ended_total{state="confirmed"} 0.0' in metrics


async def test_the_backlog_is_counted_up_to_a_bound(database_url: str) -> None:
    async with opened(database_url) as (ground, _):
        empty = await weigh_sagas(ground.database)
        assert (dict(empty.going), empty.retrying, empty.parked, empty.oldest_due_s) == ({}, 0, 0, 0.0)
        await ground.many(50, due_since_s=100)
        await ground.many(30, attempts=2, due_since_s=1000)
        some = await weigh_sagas(ground.database)
        assert (dict(some.going), some.retrying) == ({"created": 80}, 30)
        assert some.oldest_due_s == pytest.approx(1000, abs=60)
        await ground.many(COUNTED_MAX)
        assert (await weigh_sagas(ground.database)).going == {"created": COUNTED_MAX}
        await ground.rows("UPDATE sagas SET due_at = clock_timestamp() + interval '1 hour'")
        assert (await weigh_sagas(ground.database)).oldest_due_s == 0.0


async def test_what_ended_waits_no_more(database_url: str) -> None:
    async with opened(database_url) as (ground, _):
        await check_out(ground)
        assert (await weigh_sagas(ground.database)).going == {}


async def check_out(ground: SqlSagas) -> None:
    await new_order(ground)
    leases, store = await ground.all_leases(), ground.store()
    (found,) = (await store.claim(leases, 10, [])).found
    await store.record(leases, [advanced(found, SagaEvent.CANCEL_WISHED)])
