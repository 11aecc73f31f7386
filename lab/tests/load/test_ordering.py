"""A crowd that orders: what it asks is the seed's, and what is about an order waits for the order's id."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from small_crowds import expect_kept, expect_one_crowd, one_way, small_crowd

from trivet_lab.load import (
    ORDER_SCOPES,
    Again,
    Ordering,
    Plan,
    PlanError,
    Turns,
    main_operations,
    names_of_operations,
)
from trivet_lab.load.schedule import Intent, schedule

TURNS = [field.name for field in msgspec.structs.fields(Turns)]
ABOUT = {"look", "cancel", "timeline", "follow", "trespass"}


def crowd_of(path: Path | str = "x", **fields: Any) -> Plan:
    """Return a small crowd; ``fields`` are its plan's, or its errand's."""
    own = {name: fields.pop(name) for name in ("items", "customers", "seats", "turns") if name in fields}
    return small_crowd(Ordering(**{"customers": 6} | own), path, **fields)


def only(turn: str, **fields: Any) -> Plan:
    """Return a crowd whose visits all take one turn."""
    return crowd_of(turns=one_way(Turns, turn), **fields)


def visits(plan: Plan) -> list[list[Intent]]:
    """Return what was asked visit by visit, which an order's key tells; pages of a first look belong to none."""
    found: dict[str, list[Intent]] = {}
    for intent in schedule(plan):
        name = intent.request.about or (f"{intent.who}/{intent.key}" if intent.key else "")
        found.setdefault(name, []).append(intent)
    found.pop("", None)
    return list(found.values())


@settings(max_examples=25, deadline=None)
@given(seed=some.integers(0, 2**32))
def test_a_seed_is_one_crowd_in_the_order_in_which_it_is_due(seed: int) -> None:
    expect_one_crowd(crowd_of(seed=seed, again=[Again(0.0, 0.2)]))


def test_another_seed_is_another_crowd_and_a_plan_read_is_the_plan_written(tmp_path: Path) -> None:
    path = expect_kept(crowd_of(), crowd_of(seed=8), tmp_path / "plan.json")
    assert main_operations(path) == {"order", "cancel"}
    assert names_of_operations(path)["cancel"] == ("order_id",)


def test_an_order_is_one_that_can_be_with_each_product_once() -> None:
    sizes = Counter[int]()
    for intent in schedule(crowd_of(customers=3)):
        if intent.request.f not in ("order", "another"):
            continue
        body, lines = json.loads(intent.request.body or b""), intent.request.args["lines"]
        sizes[len(lines)] += 1
        products = [tuple(sorted((name, line[name]) for name in line if name != "quantity")) for line in lines]
        assert len(set(products)) == len(products)
        assert body["account_id"] == intent.who == intent.request.args["customer_id"]
        for sent, line in zip(body["lines"], lines, strict=True):
            assert {name: sent[name] for name in sent if name != "token"} == line
            assert ("token" in sent, "quantity" in sent) == ("hold_id" in line, "item_id" in line)
    assert set(sizes) == {1, 2, 3}


def test_no_history_has_a_holds_token() -> None:
    assert all("token" not in json.dumps(intent.request.args) for intent in schedule(crowd_of()))


def test_most_want_the_first_few_items() -> None:
    wanted = Counter(
        line["item_id"]
        for intent in schedule(crowd_of(seats=0.0))
        if intent.request.f == "order"
        for line in intent.request.args["lines"]
    )
    assert [item for item, _ in wanted.most_common(1)] == ["item-1"]


def test_what_is_about_an_order_is_due_after_it_and_names_what_made_it() -> None:
    made: dict[str, int] = {}
    for intent in schedule(crowd_of()):
        if intent.request.gives:
            made.setdefault(intent.request.gives, intent.due_ns)
        if intent.request.f in ABOUT:
            assert made[intent.request.about] <= intent.due_ns
            assert "{id}" in intent.request.path
            assert "order_id" not in intent.request.args


def verbs(visit: list[Intent]) -> list[str]:
    return sorted(intent.request.f for intent in visit)


def test_who_looks_orders_once() -> None:
    assert {" ".join(verbs(visit)) for visit in visits(only("look"))} == {"look order"}


def test_some_cancel_twice_at_one_instant_and_some_once_more_later() -> None:
    dues = [[intent.due_ns for intent in visit if intent.request.f == "cancel"] for visit in visits(only("cancel"))]
    assert {len(due) for due in dues} == {1, 2, 3}
    assert any(len(due) == 2 and due[0] == due[1] for due in dues)
    assert any(len(due) == 2 and due[0] < due[1] for due in dues)


def test_who_follows_reads_until_the_version_that_will_come_and_the_timeline_afterwards() -> None:
    after = Counter[int | None]()
    for visit in visits(only("follow")):
        cancels = "cancel" in verbs(visit)
        assert "timeline" in verbs(visit)
        for intent in visit:
            if intent.request.f == "follow":
                assert intent.request.until == intent.request.args["until"] == (2 if cancels else 1)
                assert intent.request.args["after"] == (intent.request.after or 0)
                after[intent.request.after] += 1
    assert set(after) == {None, 1}


def test_one_order_is_sent_by_several_at_once_and_once_more_later() -> None:
    for visit in visits(only("double")):
        orders = [intent for intent in visit if intent.request.f == "order"]
        assert len({intent.key for intent in orders}) == len({intent.request.body for intent in orders}) == 1
        assert [intent.due_ns == orders[0].due_ns for intent in orders] == [True, True, True, False]


def test_another_payload_is_sent_under_a_used_key_and_is_one_that_can_be() -> None:
    for visit in visits(only("reuse")):
        first, second = sorted(visit, key=lambda intent: intent.request.f != "order")
        assert (first.request.f, second.request.f) == ("order", "another")
        assert (first.key, first.who) == (second.key, second.who)
        assert first.request.args["lines"] != second.request.args["lines"]
        assert first.request.body != second.request.body


def test_who_browses_lists_all_and_those_before_the_second() -> None:
    pages = [intent.request for intent in schedule(only("browse")) if intent.request.f == "list"]
    assert {bool(page.about) for page in pages} == {True, False}
    assert all(("before={id}" in page.path) == bool(page.about) for page in pages)
    assert {page.args["limit"] for page in pages} == {1, 2, 20, 100}


def test_a_spy_is_somebody_else_and_asks_once() -> None:
    seen = Counter[str]()
    for visit in visits(only("trespass")):
        [order] = [intent for intent in visit if intent.request.f == "order"]
        for intent in visit:
            if intent.request.f == "trespass":
                assert intent.who == intent.request.args["customer_id"] != order.who
                assert intent.request.once
                seen[intent.request.args["what"]] += 1
    assert set(seen) == {"look", "cancel", "timeline", "follow"}


def test_orders_and_cancellations_are_repeated_and_nothing_else() -> None:
    count = Counter(intent.request.f for intent in schedule(crowd_of(again=[Again(1.0, 1.0)])))
    once = Counter(intent.request.f for intent in schedule(crowd_of()))
    assert {f: count[f] / once[f] for f in once} == {f: 2 if f in {"order", "cancel"} else 1 for f in once}


def test_everybody_asks_in_the_name_of_a_customer() -> None:
    plan = crowd_of()
    [(scopes, customers)] = plan.errand.subjects(plan).items()
    assert scopes == ORDER_SCOPES
    assert {intent.who for intent in schedule(plan)} == set(customers)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"items": 0}, "errand.items is at least 1, not 0"),
        ({"customers": 1}, "errand.customers is 2 to 5000, not 1"),
        ({"seats": 1.5}, "errand.seats is 0 to 1, not 1.5"),
        ({"turns": Turns(*[0.0] * len(TURNS))}, "errand.turns are at least 0, and one is above 0"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        crowd_of(**wrong)
