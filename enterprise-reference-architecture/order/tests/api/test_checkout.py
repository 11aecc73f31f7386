"""How an order's checkout goes, as its customer is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from order_contracts.saga_grounds import advanced
from order_contracts.samples import placed
from sql_sagas import SqlSagas

from trivet_order.adapters.http import Circuit, Client, StockParticipant
from trivet_order.adapters.sqlalchemy.saga_operations import SqlAlchemySagaOperations
from trivet_order.application.saga import Decision, HoldStock, SagaEvent, SagaState, StockLine, decide, park
from trivet_order.domain import Stock
from trivet_platform import Issuer, Program, Supervisor, free_port


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("checkout-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="module")
def url(start_replica: Callable[..., Program], issuer: Issuer) -> str:
    own = {"TRIVET_ORDER_JWKS_URL": issuer.jwks_url, "TRIVET_ORDER_TOKEN_ISSUER": issuer.url}
    found: str = start_replica(**own).endpoints["url"]
    return found


def customer(url: str, issuer: Issuer, name: str, scopes: str = "orders.read orders.write") -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {issuer.token(name, scopes)}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30)


async def advance(database_url: str, order_id: UUID, *happened: Decision | SagaEvent) -> None:
    ground = SqlSagas(database_url)
    leases, store = await ground.all_leases(), ground.store()
    for what in happened:
        (found,) = (await store.read(leases, [order_id])).found
        assert await store.record(leases, [advanced(found, what)])
    await ground.database.close()


async def reply_of_nobody(order_id: UUID, port: int) -> Decision:
    """Return what the reply of a participant means that cannot be reached."""
    order = placed()
    order.begin()
    async with Client(connections_max=1, tokens=None) as client:
        circuit = Circuit("inventory", silences_max=5, open_s=1.0)
        inventory = StockParticipant(client, f"http://localhost:{port}", circuit, deadline_s=5.0)
        commands = [HoldStock(order_id, "alice", (StockLine(Stock("umbrella"), 2),))]
        return decide(SagaState.HOLDING, order, commands, await inventory.send(commands))


async def test_what_an_inner_service_or_an_exception_says_is_told_to_operators_alone(
    url: str, issuer: Issuer, wanted: dict[str, Any], database_url: str
) -> None:
    port = free_port()
    async with customer(url, issuer, "alice") as alice:
        path = (await alice.post("/orders", json=wanted, headers={"Idempotency-Key": uuid4().hex})).headers["location"]
        order_id = UUID(path[8:])
        unreached = await reply_of_nobody(order_id, port)
        await advance(database_url, order_id, SagaEvent.BEGUN, unreached)
        ground = SqlSagas(database_url)
        operations = SqlAlchemySagaOperations(ground.database)
        assert await operations.write(park((await operations.find(order_id)).found[0], f"see inventory-1:{port}"))
        body = (await alice.get(f"{path}/checkout")).text
        record = await operations.show(order_id)
        await ground.database.close()
    for internal in ("localhost", str(port), "127.0.0.1", "inventory-1", "onnect", "reach", "Errno"):
        assert internal not in body
    told = json.loads(body)
    assert told["parked"] is True
    assert [(step["event"], step["code"]) for step in told["steps"]] == [
        ("begun", None),
        (unreached.event, None),
        ("parked", None),
    ]
    assert all(step.keys() == {"event", "state", "attempts", "code", "at"} for step in told["steps"])
    details = [step.detail or "" for step in record.steps]
    assert f"localhost:{port}" in details[1]
    assert record.parked == details[2] == f"see inventory-1:{port}"


async def test_a_checkout_is_told_step_by_step_to_its_customer_alone(
    url: str, issuer: Issuer, wanted: dict[str, Any], database_url: str
) -> None:
    async with customer(url, issuer, "alice") as alice, customer(url, issuer, "bob") as bob:
        path = (await alice.post("/orders", json=wanted, headers={"Idempotency-Key": uuid4().hex})).headers["location"]
        fresh = (await alice.get(f"{path}/checkout")).json()
        assert fresh == {
            "order_id": path[8:],
            "state": "created",
            "attempts": 0,
            "reason": None,
            "parked": False,
            "steps": [],
        }
        refused = Decision(SagaEvent.REFUSED, "out-of-stock: umbrella at inventory-1")
        await advance(database_url, UUID(path[8:]), SagaEvent.BEGUN, SagaEvent.NO_ANSWER, refused)
        told = (await alice.get(f"{path}/checkout")).json()
        assert (told["state"], told["attempts"], told["reason"]) == ("releasing", 0, "out-of-stock")
        assert [(step["event"], step["state"], step["attempts"], step["code"]) for step in told["steps"]] == [
            ("begun", "created", 0, None),
            ("no answer", "holding", 1, None),
            ("refused", "holding", 1, "out-of-stock"),
        ]
        moments = [step["at"] for step in told["steps"]]
        assert moments == sorted(moments)
        theirs, none = await asyncio.gather(bob.get(f"{path}/checkout"), bob.get(f"/orders/{uuid4()}/checkout"))
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert theirs.json()["code"] == none.json()["code"] == "not-found"
    async with customer(url, issuer, "alice", "orders.write") as alice:
        assert (await alice.get(f"{path}/checkout")).status_code == 403
