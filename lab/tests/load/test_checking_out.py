"""A crowd that checks out: what it asks is the seed's, orders show the tokens of their holds, some come too late."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from small_crowds import expect_kept, expect_one_crowd, one_way, small_crowd

from trivet_lab.load import (
    CHECKOUT_SCOPES,
    Account,
    Again,
    CheckingOut,
    Good,
    Plan,
    PlanError,
    Show,
    Trips,
    main_operations,
    names_of_operations,
)
from trivet_lab.load.schedule import Intent, schedule

TRIPS = [field.name for field in msgspec.structs.fields(Trips)]
MS = 1_000_000
ACCOUNTS = [
    *(Account(f"customer-{number}", "customer", 1_000, "k") for number in range(5)),
    Account("shop", "merchant", 0, "k"),
]
GOODS = [Good("item-1", 3, 100), Good("item-2", 9, 250, 0.5)]


def crowd_of(seed: int = 7, again: list[Again] | None = None, **own: Any) -> Plan:
    """Return a small crowd; what is named is its errand's."""
    usual: dict[str, Any] = {"accounts": ACCOUNTS, "goods": GOODS, "shows": [Show("show-1", 60, per_row=10)]}
    return small_crowd(CheckingOut(**usual | own), seed=seed, again=again or [])


def only(trip: str, **own: Any) -> Plan:
    """Return a crowd whose visits all go one way."""
    return crowd_of(trips=one_way(Trips, trip), **own)


def by_order(plan: Plan) -> list[list[Intent]]:
    """Return what was asked by and about each order, which comes first, with the holds whose tokens it shows."""
    intents = list(schedule(plan))
    holds = {intent.request.gives: intent for intent in intents if intent.request.f == "hold"}
    found: defaultdict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        if intent.request.f == "order" and intent.request.gives not in found:
            found[intent.request.gives] += [intent, *(holds[name] for name in intent.request.shows)]
        elif intent.request.about:
            found[intent.request.about].append(intent)
    return list(found.values())


@settings(max_examples=25, deadline=None)
@given(seed=some.integers(0, 2**32))
def test_a_seed_is_one_crowd_in_the_order_in_which_it_is_due(seed: int) -> None:
    expect_one_crowd(crowd_of(seed=seed, again=[Again(0.0, 0.2)]))


def test_a_plan_read_is_the_plan_written_and_says_what_it_is_about(tmp_path: Path) -> None:
    path = expect_kept(crowd_of(), crowd_of(seed=8), tmp_path / "plan.json")
    assert main_operations(path) == {"hold", "order", "cancel"}
    assert names_of_operations(path)["hold"] == ("show_id", "subject", "id")
    prices = json.loads(path.read_text())["errand"]["seat_prices_minor"]
    assert {block["name"]: block["unit_price_minor"] for block in Show("show-1", 65, per_row=10).blocks()} == prices


def test_everybody_asks_as_themselves_and_the_merchant_is_nobody() -> None:
    plan = crowd_of()
    assert plan.errand.subjects(plan) == {CHECKOUT_SCOPES: [f"customer-{number}" for number in range(5)]}
    assert {intent.who for intent in schedule(plan)} <= {f"customer-{number}" for number in range(5)}


@pytest.mark.parametrize("trip", [name for name in TRIPS if name != "walk_in"])
def test_every_order_has_lines_once_each_shows_its_holds_and_is_awaited(trip: str) -> None:
    found = by_order(only(trip))
    assert len(found) > 50
    for order, *others in found:
        args = order.request.args
        lines = args["lines"]
        assert lines == json.loads(order.request.body or b"")["lines"], "no token stands there before it is sent"
        names = [line.get("item_id") or (line["show_id"], line["hold_id"]) for line in lines]
        assert 1 <= len(names) == len(set(names))
        held = [f"{line['show_id']}/{order.who}/{line['hold_id']}" for line in lines if "hold_id" in line]
        assert list(order.request.shows) == held
        assert [each.request.f for each in others].count("await") == 1
        assert (args["account_id"] == order.who) == (trip != "borrow")
        assert all(each.who == order.who for each in others)


@pytest.mark.parametrize(
    ("trip", "goods", "seats"), [("stock", True, False), ("seats", False, True), ("both", True, True)]
)
def test_an_order_is_for_goods_for_seats_or_for_both(trip: str, goods: bool, seats: bool) -> None:  # noqa: FBT001  - a table's columns
    for order, *_ in by_order(only(trip)):
        lines = order.request.args["lines"]
        assert (any("item_id" in line for line in lines), any("hold_id" in line for line in lines)) == (goods, seats)


def test_who_is_late_orders_when_the_hold_is_over_for_certain() -> None:
    for order, *others in by_order(only("late")):
        for hold in (each for each in others if each.request.f == "hold"):
            assert order.due_ns >= hold.due_ns + hold.request.args["ttl_ms"] * MS


def test_who_cancels_does_so_at_once_and_who_races_at_about_the_charge() -> None:
    for trip, least_ms, most_ms in (("cancel", 0, 25), ("race", 100, 300)):
        for order, *others in by_order(only(trip, charge_ms=(100, 300))):
            first = min(each.due_ns for each in others if each.request.f == "cancel")
            assert least_ms * MS <= first - order.due_ns <= most_ms * MS


def test_who_gives_back_releases_a_hold_that_was_granted() -> None:
    releases = [intent for intent in schedule(only("give_back")) if intent.request.f == "release"]
    assert releases
    assert all(intent.request.follows for intent in releases)


def test_who_sends_an_order_several_times_sends_the_same() -> None:
    sent: defaultdict[str | None, list[bytes | None]] = defaultdict(list)
    for intent in schedule(only("double")):
        if intent.request.f == "order":
            sent[intent.key].append(intent.request.body)
    assert all(len(bodies) == 4 and len(set(bodies)) == 1 for bodies in sent.values())


def test_who_walks_in_orders_nothing() -> None:
    assert {intent.request.f for intent in schedule(only("walk_in"))} == {"buy"}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"accounts": ACCOUNTS[:1] + ACCOUNTS[-1:]}, "accounts has at least two customers"),
        ({"accounts": ACCOUNTS[:-1]}, "accounts has one merchant"),
        ({"goods": []}, "goods and shows are at least one each"),
        ({"goods": [Good("item-1", 3, 0)]}, r"goods\[0\] has"),
        ({"shows": [Show("Show", 3)]}, r"shows\[0\].id is"),
        ({"ttl_ms_max": 10}, "ttl_ms_max is 1000 to"),
        ({"charge_ms": (9, 9)}, "charge_ms is from"),
        ({"trips": Trips(**dict.fromkeys(TRIPS, 0.0))}, "trips are at least 0"),
    ],
)
def test_what_cannot_be_sent_is_told(own: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError, match=f"errand.{said}"):
        crowd_of(**own)
