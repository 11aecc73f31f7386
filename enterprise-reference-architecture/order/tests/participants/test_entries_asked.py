"""What is sent: entries as the participants' documents want them, under keys that no attempt changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest
from asked_participants import COMMANDS, OVER, Counter, charge, hold_stock, pin_seats, stock_over
from hypothesis import given
from hypothesis import strategies as st

from trivet_order.adapters.http.batches import BODY_BYTES_MAX, ENTRIES_MAX
from trivet_order.adapters.http.names import can_be_charged, can_be_hold, can_be_item
from trivet_order.application.saga import Held, Refused, Rejected, Released, StockLine
from trivet_order.domain import InvalidOrder, Money, Seat, Stock

CONTRACTS = Path(__file__).parents[4] / "contracts" / "openapi"
DOCUMENTS = {
    name: json.loads((CONTRACTS / f"{name}.json").read_text()) for name in ("inventory", "reservation", "wallet")
}
SETTLED = {"pin": "PinEntry", "confirm": "ConfirmEntry", "release": "ReleaseEntry"}
SCHEMAS = {
    "stock": ("inventory", {"hold": "HoldEntry"} | SETTLED),
    "seats": ("reservation", SETTLED),
    "wallet": ("wallet", {"charge": "ChargeEntry", "void": "VoidEntry"}),
}


def fits(member: str, schema: str, value: Any) -> bool:
    """Return whether a document allows a value."""
    document = DOCUMENTS[member]
    whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    return bool(jsonschema.Draft202012Validator(whole).is_valid(value))


async def sent(name: str, order_id: UUID) -> list[dict[str, Any]]:
    who, made = COMMANDS[name]
    counter = Counter()
    await OVER[who](counter).send([made(order_id)])
    return counter.entries


@pytest.mark.parametrize("name", COMMANDS)
async def test_entries_are_what_the_document_wants(name: str) -> None:
    member, schemas = SCHEMAS[COMMANDS[name][0]]
    for entry in await sent(name, uuid4()):
        assert fits(member, schemas[entry["op"]], entry), entry


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_is_the_same_request_on_every_attempt(name: str) -> None:
    order_id = uuid4()
    first = await sent(name, order_id)
    assert [await sent(name, order_id) for _ in range(3)] == [first] * 3
    assert await sent(name, uuid4()) != first


async def test_what_is_held_is_named_by_the_order_and_for_its_customer() -> None:
    order_id = uuid4()
    id_ = f"{order_id}:hold"
    lines = [{"item_id": "umbrella", "quantity": 2}, {"item_id": "poster", "quantity": 1}]
    theirs = {"id": id_, "subject": "alice", "order_id": str(order_id)}
    assert await sent("hold stock", order_id) == [
        {"op": "hold", "id": id_, "subject": "alice", "lines": lines},
        {"op": "pin"} | theirs,
    ]
    assert await sent("confirm stock", order_id) == [{"op": "confirm"} | theirs]
    assert await sent("release stock", order_id) == [{"op": "release"} | theirs]


async def test_a_seat_is_pinned_by_its_token_and_ended_without() -> None:
    order_id = uuid4()
    theirs = {"show_id": "hamlet", "subject": "alice", "order_id": str(order_id)}
    for name in ("pin", "confirm", "release"):
        shown = [{"token": token} if name == "pin" else {} for token in ("secret", "hidden")]
        assert await sent(f"{name} seats", order_id) == [
            {"op": name, "id": id_} | theirs | more for id_, more in zip(("evening", "other"), shown, strict=True)
        ]


async def test_money_is_taken_from_the_customers_own_account_in_the_totals_currency() -> None:
    order_id = uuid4()
    assert await sent("charge", order_id) == [
        {
            "op": "charge",
            "key": f"{order_id}:charge",
            "subject": "alice",
            "customer_account_id": "alice-eur",
            "merchant_account_id": "shop",
            "amount_minor": 4900,
            "currency": "EUR",
        }
    ]
    assert await sent("void", order_id) == [
        {"op": "void", "key": f"{order_id}:void", "subject": "alice", "charge_key": f"{order_id}:charge"}
    ]


# ── Requests: no more than a service reads, and no command torn apart ─────────────────────────────────────────────


async def test_two_hundred_orders_are_as_few_requests_as_hold_them() -> None:
    counter = Counter()
    orders = [uuid4() for _ in range(200)]
    replies = await stock_over(counter).send([hold_stock(each) for each in orders])
    assert [type(each) for each in replies] == [Held] * 200
    assert all(len(request) <= ENTRIES_MAX for request in counter.requests)
    assert all(length <= BODY_BYTES_MAX + 100 for length in counter.lengths)
    assert 2 <= len(counter.requests) <= 3
    assert [entry["id"] for entry in counter.entries if entry["op"] == "hold"] == [f"{each}:hold" for each in orders]


async def test_a_hold_and_its_pin_are_of_one_request() -> None:
    counter = Counter()
    lines = tuple(StockLine(Stock(f"{number:02d}{'x' * 60}"), 1000) for number in range(20))
    await stock_over(counter).send([hold_stock(uuid4(), lines) for _ in range(99)])
    assert len(counter.requests) > 1
    for request in counter.requests:
        assert [entry["op"] for entry in request] == ["hold", "pin"] * (len(request) // 2)


# ── What can be nobody's ──────────────────────────────────────────────────────────────────────────────────────────

WORDS = st.one_of(
    st.sampled_from(["batch", "external-eur", "a", "-a", "A", "a" * 64, "a" * 65, "a" * 129, "a b", "é", "a:b.c_d-e"]),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=140),
    st.text(min_size=1, max_size=80),
)


@given(show_id=WORDS, hold_id=WORDS, token=WORDS)
def test_a_hold_can_be_what_its_document_allows(show_id: str, hold_id: str, token: str) -> None:
    try:
        seat = Seat(show_id, hold_id, token)
    except InvalidOrder:
        return
    entry = {"op": "pin", "id": hold_id, "show_id": show_id, "token": token, "subject": "alice", "order_id": "o"}
    assert can_be_hold(seat) is fits("reservation", "PinEntry", entry)


@given(account_id=WORDS, amount_minor=st.one_of(st.integers(0, 5), st.integers(10**12 - 2, 10**12 + 2)))
def test_an_account_can_be_what_its_document_allows(account_id: str, amount_minor: int) -> None:
    entry = {"op": "charge", "key": "k", "customer_account_id": account_id, "merchant_account_id": "shop"}
    allowed = fits("wallet", "ChargeEntry", entry | {"amount_minor": amount_minor})
    assert can_be_charged(account_id, Money(amount_minor, "EUR")) is allowed


@given(item_id=WORDS)
def test_an_item_can_be_what_its_document_allows(item_id: str) -> None:
    assert can_be_item(item_id) is fits("inventory", "BuyItem", {"item_id": item_id, "quantity": 1})


async def test_nobody_is_asked_for_what_can_be_nobodys() -> None:
    order_id = uuid4()
    odd = Seat("HAMLET", "evening", "secret")
    counter = Counter()
    over = {who: made(counter) for who, made in OVER.items()}
    [held] = await over["stock"].send([hold_stock(order_id, (StockLine(Stock("an umbrella"), 1),))])
    [pinned] = await over["seats"].send([pin_seats(order_id, (odd, *COMMANDS["pin seats"][1](order_id).seats))])
    [released] = await over["seats"].send([COMMANDS["release seats"][1](order_id).__class__(order_id, "alice", (odd,))])
    replies = await over["wallet"].send([charge(order_id, "external-eur"), charge(order_id, amount_minor=10**12 + 1)])
    assert counter.requests == []
    assert [type(each) for each in (held, pinned, released, *replies)] == [
        Refused,
        Refused,
        Released,
        Rejected,
        Rejected,
    ]


async def test_what_else_an_order_has_is_released() -> None:
    order_id, counter = uuid4(), Counter()
    seats = (Seat("HAMLET", "evening", "secret"), Seat("hamlet", "evening", "secret"))
    command = COMMANDS["release seats"][1](order_id)
    [reply] = await OVER["seats"](counter).send([type(command)(order_id, "alice", seats)])
    assert isinstance(reply, Released)
    assert [entry["show_id"] for entry in counter.entries] == ["hamlet"]


def test_a_participant_asks_its_services_own_route() -> None:
    for who, route in (("stock", "/stock-holds/batch"), ("seats", "/seat-holds/batch"), ("wallet", "/charges/batch")):
        assert route == OVER[who](Counter()).ROUTE
        assert route in DOCUMENTS[SCHEMAS[who][0]]["paths"]
