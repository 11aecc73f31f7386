"""How an order's checkout goes, as its customer is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from order_contracts.saga_grounds import advanced
from sql_sagas import SqlSagas

from trivet_order.application.saga import Decision, SagaEvent
from trivet_platform import Issuer, Program, Supervisor


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
            "parked": None,
            "steps": [],
        }
        refused = Decision(SagaEvent.REFUSED, "out-of-stock: umbrella")
        await advance(database_url, UUID(path[8:]), SagaEvent.BEGUN, SagaEvent.NO_ANSWER, refused)
        told = (await alice.get(f"{path}/checkout")).json()
        assert (told["state"], told["attempts"], told["reason"]) == ("releasing", 0, "out-of-stock: umbrella")
        assert [(step["event"], step["state"], step["attempts"], step["detail"]) for step in told["steps"]] == [
            ("begun", "created", 0, None),
            ("no answer", "holding", 1, None),
            ("refused", "holding", 1, "out-of-stock: umbrella"),
        ]
        moments = [step["at"] for step in told["steps"]]
        assert moments == sorted(moments)
        theirs, none = await asyncio.gather(bob.get(f"{path}/checkout"), bob.get(f"/orders/{uuid4()}/checkout"))
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert theirs.json()["code"] == none.json()["code"] == "not-found"
    async with customer(url, issuer, "alice", "orders.write") as alice:
        assert (await alice.get(f"{path}/checkout")).status_code == 403
