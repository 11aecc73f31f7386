"""Whatever is told is read back as it was, and what is none of ours is told from it, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from order_contracts.samples import AT

from trivet_order.application import UNTOLD, VERSIONS, Message, UnreadableMessage, event_of, read, tell
from trivet_order.domain import (
    AMOUNT_MINOR_MAX,
    ORDER_EVENTS,
    QUANTITY_MAX,
    CancellationRequested,
    InventoryRequested,
    InventoryReserved,
    Money,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderEvent,
    OrderLine,
    PaymentRequested,
    Seat,
    Stock,
)

some = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
texts = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=40)
money = st.builds(Money, st.integers(0, AMOUNT_MINOR_MAX), st.from_regex("[A-Z]{3}", fullmatch=True))
stock_lines = st.builds(OrderLine, st.builds(Stock, texts), st.integers(1, QUANTITY_MAX))
seat_lines = st.builds(OrderLine, st.builds(Seat, texts, texts, texts), st.just(1))
every = {
    "event_id": st.uuids(),
    "occurred_on": st.datetimes(timezones=st.just(UTC)),
    "aggregate_id": st.uuids(),
    "aggregate_version": st.integers(1, 2**63 - 1),
}
EVENTS: dict[type[OrderEvent], st.SearchStrategy[OrderEvent]] = {
    OrderCreated: st.builds(
        OrderCreated,
        **every,
        customer_id=texts,
        account_id=texts,
        items=st.lists(stock_lines | seat_lines, min_size=1, max_size=3).map(tuple),
    ),
    InventoryRequested: st.builds(InventoryRequested, **every),
    InventoryReserved: st.builds(
        InventoryReserved, **every, prices=st.lists(money, min_size=1, max_size=3).map(tuple), total=money
    ),
    PaymentRequested: st.builds(PaymentRequested, **every, total=money),
    OrderConfirmed: st.builds(OrderConfirmed, **every, total=money),
    CancellationRequested: st.builds(CancellationRequested, **every),
    OrderCancelled: st.builds(OrderCancelled, **every, reason=texts),
}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CREATED = OrderCreated(
    event_id=UUID(int=1),
    occurred_on=AT,
    aggregate_id=UUID(int=2),
    aggregate_version=1,
    customer_id="alice",
    account_id="alice-eur",
    items=(OrderLine(Stock("umbrella"), 3), OrderLine(Seat("hamlet", "h", "secret"), 1)),
)
BODY: dict[str, Any] = json.loads(tell(CREATED, TRACE).body)


def body(*changes: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the body of a good message that was changed."""
    found = json.loads(json.dumps(BODY))
    for change in changes:
        change(found)
    return json.dumps(found).encode()


def sets(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """Return what sets a place in a message."""

    def change(found: Any) -> None:
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = to

    return change


def drops(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return what drops a place of a message."""

    def change(found: Any) -> None:
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


def test_every_event_is_told_and_read() -> None:
    assert set(VERSIONS) == set(EVENTS) == set(ORDER_EVENTS)


@pytest.mark.parametrize("kind", ORDER_EVENTS, ids=lambda kind: kind.__name__)
@some
@given(data=st.data(), trace=st.none() | st.just(TRACE))
def test_what_is_told_is_read(kind: type[OrderEvent], data: st.DataObject, trace: str | None) -> None:
    event = data.draw(EVENTS[kind])
    message = tell(event, trace)
    again = read(message.body)
    assert again == message
    assert event_of(again) == event  # a seat is the same one whatever proves it
    assert (again.type, again.version, again.traceparent) == (kind.__name__, VERSIONS[kind], trace)
    assert tell(event_of(again), trace) == message


def test_a_message_is_the_object_that_is_described() -> None:
    assert BODY == {
        "type": "OrderCreated",
        "version": 1,
        "event_id": "00000000-0000-0000-0000-000000000001",
        "aggregate_id": "00000000-0000-0000-0000-000000000002",
        "aggregate_version": 1,
        "occurred_on": "2026-01-31T12:00:00.123456Z",
        "traceparent": TRACE,
        "data": {
            "customer_id": "alice",
            "account_id": "alice-eur",
            "lines": [
                {"item_id": "umbrella", "quantity": 3},
                {"show_id": "hamlet", "hold_id": "h", "quantity": 1},
            ],
        },
    }


def test_a_time_of_long_ago_is_told_as_any_other() -> None:
    event = replace(CREATED, occurred_on=datetime(7, 1, 2, tzinfo=UTC))
    assert json.loads(tell(event).body)["occurred_on"] == "0007-01-02T00:00:00.000000Z"
    assert event_of(read(tell(event).body)) == event


def test_what_a_later_release_adds_is_passed_over() -> None:
    more = body(
        sets("colour", to="red"), sets("data", "note", to={"deep": [1]}), sets("data", "lines", 0, "wrap", to=1)
    )
    assert event_of(read(more)) == CREATED


def test_a_seat_that_was_read_has_no_token() -> None:
    event = event_of(read(tell(CREATED).body))
    assert isinstance(event, OrderCreated)
    assert event.items[1].product == Seat("hamlet", "h", UNTOLD)
    assert getattr(event.items[1].product, "token", None) == UNTOLD


def test_an_event_of_nobody_is_not_told() -> None:
    class OrderForgotten(OrderEvent):
        pass

    with pytest.raises(KeyError):
        tell(OrderForgotten(event_id=UUID(int=1), occurred_on=AT, aggregate_id=UUID(int=2), aggregate_version=1))


# Values that are something else than what stands there, at every place of a message that may not be something else.
SOMETHING_ELSE: list[Any] = [None, 7, True, 1.5, "", "x\x00", "\ud800", "x" * 300, [], {}, ["a"]]
PLACES: list[tuple[Any, ...]] = [
    *((name,) for name in BODY),
    *(("data", name) for name in BODY["data"]),
    ("data", "lines", 0),
    ("data", "lines", 0, "item_id"),
    ("data", "lines", 0, "quantity"),
    ("data", "lines", 1, "show_id"),
    ("data", "lines", 1, "hold_id"),
]


def is_allowed(place: tuple[Any, ...], value: Any) -> bool:
    """Tell whether the value may stand there after all."""
    match place[-1]:
        case "traceparent":
            return value is None
        case "aggregate_version" | "quantity":
            return value is not True and value == 7
    return False


UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "UTF-16": body().decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + body(),
    "too deep": b"[" * 100_000,
    "a number without end": b'{"version": ' + b"9" * 5_000 + b"}",
    "not a number": body(sets("data", "note", to=float("nan"))),
    "two of them": body() + body(),
    "a list": b"[]",
    "null": b"null",
    "a text": b'"OrderCreated"',
    "an unknown type": body(sets("type", to="OrderForgotten")),
    "a type that is spelt otherwise": body(sets("type", to="ordercreated")),
    "a version to come": body(sets("version", to=2)),
    "version 0": body(sets("version", to=0)),
    "an aggregate version of 0": body(sets("aggregate_version", to=0)),
    "an aggregate version that 63 bits do not hold": body(sets("aggregate_version", to=2**63)),
    "a UUID in braces": body(sets("event_id", to="{00000000-0000-0000-0000-000000000001}")),
    "a UUID in capitals": body(sets("event_id", to="0000000A-0000-0000-0000-000000000001")),
    "half a UUID": body(sets("aggregate_id", to="00000000-0000")),
    "a time without zone": body(sets("occurred_on", to="2026-01-31T12:00:00.123456")),
    "a time in another zone": body(sets("occurred_on", to="2026-01-31T12:00:00.123456+01:00")),
    "a time to the second": body(sets("occurred_on", to="2026-01-31T12:00:00Z")),
    "a time to a tenth of a second": body(sets("occurred_on", to="2026-01-31T12:00:00.1Z")),
    "a time without its zeros": body(sets("occurred_on", to="2026-1-31T12:00:00.123456Z")),
    "a time that was never": body(sets("occurred_on", to="2026-02-31T12:00:00.123456Z")),
    "no lines": body(sets("data", "lines", to=[])),
    "lines in an object": body(sets("data", "lines", to={"a": 1})),
    "a line that is a text": body(sets("data", "lines", to=["umbrella"])),
    "a line of nothing": body(sets("data", "lines", 0, to={"quantity": 1})),
    "a quantity of 0": body(sets("data", "lines", 0, "quantity", to=0)),
    "two of one hold": body(sets("data", "lines", 1, "quantity", to=2)),
    "half a hold": body(drops("data", "lines", 1, "hold_id")),
    "a reason of nothing": body(sets("type", to="OrderCancelled"), sets("data", to={"reason": None})),
    "a price of less than nothing": body(
        sets("type", to="OrderConfirmed"), sets("data", to={"total": {"amount_minor": -1, "currency": "EUR"}})
    ),
    "a price that is a number": body(sets("type", to="PaymentRequested"), sets("data", to={"total": 5})),
    "no prices": body(sets("type", to="InventoryReserved"), sets("data", to={"prices": [], "total": {}})),
    "data that is a list": body(sets("type", to="InventoryRequested"), sets("data", to=[])),
    **{f"without {name}": body(drops(name)) for name in BODY},
    **{f"without {name} in data": body(drops("data", name)) for name in BODY["data"]},
    **{
        f"{value!a} for {'.'.join(map(str, place))}": body(sets(*place, to=value))
        for place in PLACES
        for value in SOMETHING_ELSE
        if not is_allowed(place, value)
    },
}


@pytest.mark.parametrize("stranger", UNREADABLE)
def test_what_is_no_message_of_ours_is_unreadable(stranger: str) -> None:
    with pytest.raises(UnreadableMessage) as why:
        read(UNREADABLE[stranger])
    assert str(why.value).isprintable()
    assert len(str(why.value)) < 400


@some
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*BODY, *BODY["data"]]), inner),
    ).map(lambda found: json.dumps(found).encode())
)
def test_no_bytes_raise_anything_else(stranger: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        read(stranger)


@some
@given(
    place=st.sampled_from(PLACES),
    value=st.none() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2),
)
def test_a_changed_place_is_read_or_refused(place: tuple[Any, ...], value: Any) -> None:
    try:
        event = event_of(read(body(sets(*place, to=value))))
    except UnreadableMessage:
        return
    assert read(tell(event).body).body == tell(event).body


@pytest.mark.parametrize(
    "message",
    [
        Message(UUID(int=1), UUID(int=2), 1, "OrderCreated", 1, AT, None, text)
        for text in (b"", b"[]", b"{}", b'{"data": []}')
    ],
)
def test_a_message_whose_body_is_none_has_no_event(message: Message) -> None:
    with pytest.raises(UnreadableMessage):
        event_of(message)
