"""Orders over HTTP: whose they are, what a key is told again, and what a page is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from trivet_order.application import read
from trivet_platform import Issuer, Program, Supervisor

SCOPES = "orders.read orders.write"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
Customer = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("order-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="module")
def url(start_replica: Callable[..., Program], issuer: Issuer) -> str:
    own = {"TRIVET_ORDER_JWKS_URL": issuer.jwks_url, "TRIVET_ORDER_TOKEN_ISSUER": issuer.url}
    found: str = start_replica(**own).endpoints["url"]
    return found


@pytest.fixture
def customer(url: str, issuer: Issuer) -> Customer:
    """Return what lends a client with a customer's token: ``async with customer("alice") as alice``."""

    @asynccontextmanager
    async def lent(name: str) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"authorization": f"Bearer {issuer.token(name, SCOPES)}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
            yield client

    return lent


async def place(client: httpx.AsyncClient, wanted: dict[str, Any], key: str | None = None) -> httpx.Response:
    return await client.post("/orders", json=wanted, headers={"Idempotency-Key": key or uuid4().hex})


async def test_an_accepted_order_is_where_its_location_says(customer: Customer, wanted: dict[str, Any]) -> None:
    async with customer("alice") as alice:
        answer = await place(alice, wanted)
        found = await alice.get(answer.headers["location"])
    assert (answer.status_code, found.status_code) == (202, 200)
    assert answer.content == found.content
    assert UUID(answer.json()["id"]).version == 7
    assert "secret" not in answer.text
    assert answer.json() == {
        "id": answer.json()["id"],
        "customer_id": "alice",
        "account_id": "alice-eur",
        "status": "Order Created",
        "version": 1,
        "lines": [
            {"item_id": "umbrella", "quantity": 2, "price": None},
            {"show_id": "hamlet", "hold_id": "alice:1", "quantity": 1, "price": None},
        ],
        "total": None,
        "cancellation_requested": False,
        "cancel_reason": None,
    }


async def test_a_key_is_told_again_what_it_was_told_whatever_became_of_the_order(
    customer: Customer, wanted: dict[str, Any], database_url: str
) -> None:
    key = uuid4().hex
    async with customer("alice") as alice:
        first = await place(alice, wanted, key)
        path = first.headers["location"]
        with psycopg.connect(database_url) as connection:
            order_id = path.rpartition("/")[2]
            priced = "UPDATE order_lines SET price_minor = 5, currency = 'EUR' WHERE order_id = %s"
            connection.execute(priced, [order_id])
            moved = (
                "UPDATE orders SET status = 'Payment Pending', cancellation_requested = true, version = 5 WHERE id = %s"
            )
            connection.execute(moved, [order_id])
        assert (await alice.get(path)).json()["total"] == {"amount_minor": 10, "currency": "EUR"}
        again = await place(alice, wanted, key)
    assert (again.status_code, again.content) == (202, first.content)
    assert (again.headers["idempotency-replayed"], again.headers["location"]) == ("true", path)
    assert "idempotency-replayed" not in first.headers


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "alice-usd"},
        {"lines": [{"item_id": "umbrella", "quantity": 3}]},
        {"lines": [{"item_id": "umbrella", "quantity": 2}, {"show_id": "hamlet", "hold_id": "alice:1", "token": "x"}]},
        {
            "lines": [
                {"show_id": "hamlet", "hold_id": "alice:1", "token": "secret"},
                {"item_id": "umbrella", "quantity": 2},
            ]
        },
    ],
    ids=["account", "quantity", "token", "order of lines"],
)
async def test_a_key_is_for_one_payload(customer: Customer, wanted: dict[str, Any], change: dict[str, Any]) -> None:
    key = uuid4().hex
    async with customer("alice") as alice:
        assert (await place(alice, wanted, key)).status_code == 202
        other = await place(alice, wanted | change, key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reuse")


async def test_a_key_is_its_customers_own(customer: Customer, wanted: dict[str, Any]) -> None:
    key = uuid4().hex
    async with customer("alice") as alice, customer("bob") as bob:
        first, second = await place(alice, wanted, key), await place(bob, wanted, key)
    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]
    assert "idempotency-replayed" not in second.headers


async def test_anothers_order_is_none(customer: Customer, wanted: dict[str, Any]) -> None:
    async with customer("alice") as alice, customer("bob") as bob:
        path = (await place(alice, wanted)).headers["location"]
        nowhere = f"/orders/{uuid4()}"
        for method in ("GET", "DELETE"):
            theirs, none = await bob.request(method, path), await bob.request(method, nowhere)
            assert (theirs.status_code, none.status_code) == (404, 404)
            assert theirs.json()["detail"].replace(path[8:], "") == none.json()["detail"].replace(nowhere[8:], "")
        assert (await alice.get(path)).json()["status"] == "Order Created"
        assert path[8:] not in (await bob.get("/orders")).text


async def test_pages_are_ones_own_orders_the_newest_first_each_once(customer: Customer, wanted: dict[str, Any]) -> None:
    name = uuid4().hex
    async with customer(name) as client:
        assert (await client.get("/orders")).json() == {"orders": [], "next": None}
        made = [(await place(client, wanted)).json()["id"] for _ in range(5)]
        seen, before = [], {}
        while True:
            page = (await client.get("/orders", params={"limit": 2, **before})).json()
            seen += [order["id"] for order in page["orders"]]
            made += [(await place(client, wanted)).json()["id"]]  # what is ordered meanwhile shifts no page
            if page["next"] is None:
                break
            before = {"before": page["next"]}
    assert seen == made[4::-1]


async def test_asking_twice_for_an_end_is_asking_once(customer: Customer, wanted: dict[str, Any]) -> None:
    async with customer("alice") as alice:
        path = (await place(alice, wanted)).headers["location"]
        first, second = await alice.delete(path), await alice.delete(path)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.content == second.content
    assert (first.json()["status"], first.json()["version"]) == ("Order Cancelled", 2)


async def test_a_confirmed_order_is_not_cancelled(
    customer: Customer, wanted: dict[str, Any], database_url: str
) -> None:
    async with customer("alice") as alice:
        path = (await place(alice, wanted)).headers["location"]
        with psycopg.connect(database_url) as connection:
            priced = "UPDATE order_lines SET price_minor = 5, currency = 'EUR' WHERE order_id = %s"
            connection.execute(priced, [path[8:]])
            connection.execute("UPDATE orders SET status = 'Order Confirmed', version = 5 WHERE id = %s", [path[8:]])
        answer = await alice.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "too-late")


async def test_many_who_ask_for_one_end_all_have_it_and_it_happens_once(
    customer: Customer, wanted: dict[str, Any], database_url: str
) -> None:
    async with customer("alice") as alice:
        path = (await place(alice, wanted)).headers["location"]
        answers = await asyncio.gather(*(alice.delete(path) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {202}
    with psycopg.connect(database_url) as connection:
        query = "SELECT type FROM outbox WHERE aggregate_id = %s ORDER BY position"
        assert connection.execute(query, [path[8:]]).fetchall() == [("OrderCreated",), ("OrderCancelled",)]


async def test_an_event_names_the_trace_of_who_ordered(
    customer: Customer, wanted: dict[str, Any], database_url: str
) -> None:
    async with customer("alice") as alice:
        alice.headers["traceparent"] = f"00-{TRACE}-00f067aa0ba902b7-01"
        order_id = (await place(alice, wanted)).json()["id"]
    with psycopg.connect(database_url) as connection:
        query = "SELECT traceparent, body FROM outbox WHERE aggregate_id = %s"
        ((traceparent, body),) = connection.execute(query, [order_id]).fetchall()
    assert traceparent.startswith(f"00-{TRACE}-")
    assert read(body).traceparent == traceparent
    assert b"secret" not in body
