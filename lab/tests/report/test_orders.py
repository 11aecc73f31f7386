"""A proof about orders is told order by order: what was asked, what the books have, and what the topic tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trivet_lab.evidence import Finding
from trivet_lab.report.orders import is_about_orders
from trivet_lab.report.witness import lay_out

ORDER, OTHER = "0190-000001", "01907c3e-8a70-7000-8000-000000000001"


def operation(op: int, f: str, status: int = 200, **args: Any) -> dict[str, Any]:
    value = args.pop("value", {})
    attempt = {"call_ns": op * 10**6, "return_ns": (op + 5) * 10**6, "status": status, "code": None}
    named = {"customer_id": "ann", **args}
    key = "k-1" if f == "order" else None
    return {
        "op": op, "client": 1, "f": f, "args": named, "key": key,
        "outcome": "ok", "value": value, "attempts": [attempt],
    }  # fmt: skip


CREATED = operation(1, "order", 202, lines=[{"item_id": "item-1", "quantity": 2}], value={"id": ORDER})
CANCEL = operation(7, "cancel", 202, order_id=ORDER)
SPY = operation(9, "trespass", 404, order_id=OTHER, what="timeline")
ROW = {"order_id": ORDER, "customer_id": "ann", "status": "Order Cancelled", "version": 2}
EVENT = {"event_id": "e-1", "order_id": ORDER, "order_version": 2, "type": "OrderCancelled", "published": True}
TOLD = {"type": "OrderCreated", "event_id": "e-0", "aggregate_version": 1}
RECORD = {"partition": 3, "offset": 8, "key": ORDER, "value": json.dumps(TOLD), "headers": [], "at_ms": 0}


def finding(*witness: dict[str, Any]) -> Finding:
    return Finding("events_in_order", "Events are told in order.", "one is not", "invalid", list(witness))


def test_an_order_has_one_timeline_of_operations_rows_and_records() -> None:
    first, second = lay_out(finding(CREATED, CANCEL, SPY, ROW, EVENT, RECORD), {}).timelines
    assert (first.item, second.item) == (f"order {ORDER}", "order 01907c3e-8a70…")
    assert [(entry.who, entry.what, entry.answer) for entry in first.entries] == [
        ("ann", "order 1 line", "202 ordered, or cancelled"),
        ("ann", "cancel", "202 ordered, or cancelled"),
        ("ledger: ann", "Order Cancelled 2", "committed"),
        ("ledger", "OrderCancelled 2", "committed"),
        ("topic: partition 3", "OrderCreated 1", "told"),
    ]
    assert first.entries[0].facts == [("order", ORDER), ("operation", "1"), ("key", "k-1")]
    assert first.entries[3].facts == [("order", ORDER), ("event_id", "e-1"), ("published", "True")]
    assert first.entries[4].facts == [("order", ORDER), ("offset", "8"), ("event", "e-0")]
    assert [(entry.what, entry.answer) for entry in second.entries] == [
        ("trespass timeline", "404 no such order, or another customer’s")
    ]


@pytest.mark.parametrize("value", [None, "{", "[]"])
def test_a_record_that_is_no_event_says_so(value: str | None) -> None:
    [timeline] = lay_out(finding(RECORD | {"value": value}), {}).timelines
    assert timeline.entries[0].what == "no event"


def test_an_order_that_nobody_learnt_the_id_of_stands_alone() -> None:
    [timeline] = lay_out(finding(CREATED | {"outcome": "unknown", "value": None}), {}).timelines
    assert timeline.item is None


@pytest.mark.parametrize(
    "thing",
    [
        {"show_id": "s", "order_id": "o-1", "seat_id": "a-1"},
        {"args": {"show_id": "s", "order_id": "o-1"}, "f": "pin"},
        {"args": {"item_id": "a", "quantity": 1}, "f": "buy"},
        {"args": {}, "f": "audit"},
        {"account_id": "a", "posting_id": 1},
    ],
)
def test_what_is_about_something_else_is_left_to_it(thing: dict[str, Any]) -> None:
    assert not is_about_orders(thing)
