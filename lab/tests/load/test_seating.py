"""A crowd that wants seats: what it asks is the seed's, and what needs a hold's token comes after it or not at all."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from seat_crowds import SHOWS, WAYS, asked, crowd_of, only
from small_crowds import expect_kept, expect_one_crowd

from trivet_lab.load import (
    GUEST_SCOPES,
    HOLD_TTL_MS_LEAST,
    Again,
    Plan,
    PlanError,
    Seating,
    Show,
    Ways,
    main_operations,
    names_of_operations,
)
from trivet_lab.load.draft import Request
from trivet_lab.load.schedule import Intent, schedule

VERBS = {"hold", "extend", "pin", "confirm", "release"}


def visits(plan: Plan) -> list[list[tuple[Intent, Request]]]:
    """Return what was asked visit by visit, which a hold's id tells, in the order in which it is due."""
    found: dict[str, list[tuple[Intent, Request]]] = {}
    for intent, request in asked(plan):
        found.setdefault("-".join(request.args["id"].split("-")[:2]), []).append((intent, request))
    return list(found.values())


def verbs(visit: list[tuple[Intent, Request]]) -> list[str]:
    return [request.f for _, request in visit]


@settings(max_examples=25, deadline=None)
@given(seed=some.integers(0, 2**32))
def test_a_seed_is_one_crowd_in_the_order_in_which_it_is_due(seed: int) -> None:
    expect_one_crowd(crowd_of(seed=seed))


def test_another_seed_is_another_crowd_and_a_plan_read_is_the_plan_written(tmp_path: Path) -> None:
    path = expect_kept(crowd_of(), crowd_of(seed=8), tmp_path / "plan.json")
    assert main_operations(path) == VERBS
    assert names_of_operations(path)["hold"] == ("show_id", "subject", "id")


def test_every_operation_has_a_number_of_its_own_whether_sent_together_or_not() -> None:
    numbers: list[int] = []
    for intent in schedule(crowd_of()):
        numbers += range(intent.op, intent.op + (len(intent.request.entries) or 1))
    assert numbers == list(range(len(numbers)))
    assert any(intent.request.entries for intent in schedule(crowd_of()))


def test_a_hall_has_every_seat_once_whatever_its_size() -> None:
    for seats in (1, 3, 10, 11, 95, 1_000, 50_000):
        show = Show("s", seats, per_row=10)
        ids = [seat for row in show.rows() for seat in row]
        assert len(set(ids)) == len(ids) == seats
        told = []
        for block in show.blocks():
            rows, per_row = block.get("rows", 0), block.get("seats_per_row", 0)
            numbered = [f"{block['name']}-{r}-{s}" for r in range(1, rows + 1) for s in range(1, per_row + 1)]
            told += block.get("seats") or numbered
        assert told == ids, "the hall that is created is the one that people choose from"


def test_people_want_the_front_and_sit_beside_each_other() -> None:
    show = Show("main", 200, per_row=10)
    holds = [request for _, request in asked(crowd_of(shows=[show])) if request.f == "hold"]
    rows = {seat: number for number, row in enumerate(show.rows()) for seat in row}
    for hold in holds:
        places = [int(seat.rsplit("-", 1)[1]) for seat in hold.args["seats"]]
        assert places == list(range(places[0], places[0] + len(places)))
        assert len({rows[seat] for seat in hold.args["seats"]}) == 1
        assert 1 <= len(places) <= 4
    in_front = sum(rows[hold.args["seats"][0]] < 2 for hold in holds)
    assert in_front > len(holds) / 2
    assert {len(hold.args["seats"]) for hold in holds} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("settle", {"hold pin confirm", "hold pin confirm release"}),
        ("at_once", {"hold confirm"}),
        ("extend", {"hold extend pin confirm"}),
        ("abandon", {"hold", "hold read_hold"}),
        (
            "late",
            {
                "hold hold pin pin confirm confirm",
                "hold hold extend pin pin confirm confirm",
                "hold hold hold pin pin confirm confirm release",
            },
        ),
        ("rivals", {"hold pin pin confirm confirm", "hold pin pin confirm confirm release"}),
        ("scramble", {"hold " * 5 + "pin " * 5 + "confirm " * 4 + "confirm"}),
        ("batch", {"hold hold hold pin pin pin confirm confirm confirm"}),
    ],
)
def test_each_visit_goes_its_way(way: str, expected: set[str]) -> None:
    order = ["hold", "extend", "read_hold", "pin", "confirm", "release"]
    gone = {" ".join(sorted(verbs(visit), key=order.index)) for visit in visits(only(way))}
    assert gone == expected


def test_some_release_before_their_hold_and_some_after_it() -> None:
    came_first = Counter(verbs(visit)[0] for visit in visits(only("release")))
    assert came_first["release"] > 3
    assert came_first["hold"] > 3


def test_an_order_releases_before_and_after_it_pins() -> None:
    told = [verbs(visit) for visit in visits(only("undo"))]
    assert {each.index("release") < each.index("pin") for each in told} == {True, False}
    for visit in visits(only("undo")):
        by_order = {request.args["order_id"] for _, request in visit if "order_id" in request.args}
        assert len(by_order) == 1


def test_who_is_late_pins_when_the_time_is_over_and_somebody_else_holds_the_seats() -> None:
    for visit in visits(only("late")):
        holds = [(intent, request) for intent, request in visit if request.f == "hold"]
        (first, mine), (second, theirs), *third = holds
        assert mine.args["seats"] == theirs.args["seats"]
        over_ns = first.due_ns + mine.args["ttl_ms"] * 1_000_000
        assert second.due_ns > over_ns
        assert all(intent.due_ns > over_ns for intent, request in visit if request.f in {"pin", "extend"})
        given_back = [intent.due_ns for intent, request in visit if request.f == "release"]
        assert len(given_back) == len(third)
        for intent, request in third:
            assert second.due_ns < given_back[0] <= intent.due_ns
            assert request.args["seats"] == mine.args["seats"]


def test_two_orders_pin_one_hold_at_one_instant() -> None:
    for visit in visits(only("rivals")):
        (one, pin), (two, other) = [(intent, request) for intent, request in visit if request.f == "pin"]
        assert one.due_ns == two.due_ns
        assert pin.args["order_id"] != other.args["order_id"]
        released = [request.args["order_id"] for _, request in visit if request.f == "release"]
        assert released in ([], [other.args["order_id"]])


def test_some_want_undone_what_was_sold_to_them() -> None:
    wanted = 0
    for visit in visits(only("settle")):
        due = {request.f: intent.due_ns for intent, request in visit}
        orders = {request.args["order_id"] for _, request in visit if "order_id" in request.args}
        assert len(orders) == 1
        wanted += "release" in due
        assert due.get("release", due["confirm"] + 1) > due["confirm"]
    assert wanted


def test_several_want_one_seat_at_one_instant_under_one_id() -> None:
    for visit in visits(only("scramble")):
        holds = [(intent, request) for intent, request in visit if request.f == "hold"]
        assert len({(intent.due_ns, request.args["id"], *request.args["seats"]) for intent, request in holds}) == 1
        assert len({request.args["subject"] for _, request in holds}) == len(holds) == 5


def test_the_first_to_come_to_a_hall_scramble() -> None:
    shows = [Show("main", 60), Show("cellar", 1), Show("attic", 3)]
    plan = crowd_of(shows=shows, again=[], reused=0.0, looked=0.0)
    seen: set[str] = set()
    for visit in visits(plan):
        holds = [request for _, request in visit if request.f == "hold"]
        if (show := holds[0].args["show_id"]) not in seen:
            seen.add(show)
            assert len(holds) == 5
            assert len({seat for hold in holds for seat in hold.args["seats"]}) == 1
    assert seen == {"main", "cellar", "attic"}


def test_what_an_order_asks_goes_inside_and_what_a_person_asks_to_the_edge() -> None:
    plan = crowd_of()
    scopes = {who: scope for scope, whose in plan.errand.subjects(plan).items() for who in whose}
    for intent in schedule(plan):
        assert intent.request.inside == (scopes[intent.who] != GUEST_SCOPES)
        assert (intent.request.f in {"pin", "confirm", "together"}) == intent.request.inside
        assert intent.key is None


def test_a_person_asks_in_their_own_name() -> None:
    for intent, request in asked(crowd_of()):
        if "subject" in request.args and not intent.request.inside:
            assert intent.who == request.args["subject"]


def test_neither_the_history_nor_a_planned_body_has_a_token() -> None:
    for _, request in asked(crowd_of()):
        assert "token" not in request.args
        assert b'"token"' not in (request.body or b"")


def test_a_token_is_needed_only_of_what_comes_before_it() -> None:
    given: dict[str, int] = {}
    needing = 0
    for intent, request in asked(only("settle", mistaken=0.5, again=[Again(0.0, 0.2)])):
        if request.needs:
            needing += 1
            assert given[request.needs] <= intent.due_ns
        if request.gives:
            given.setdefault(request.gives, intent.due_ns)
    assert needing


def test_some_pins_show_another_holds_token_first() -> None:
    pins = [request for _, request in asked(only("settle", mistaken=0.5)) if request.f == "pin"]
    own = [pin.needs.endswith(f"/{pin.args['subject']}/{pin.args['id']}") for pin in pins]
    assert 0 < own.count(False) < own.count(True)
    assert own == ["token_of" not in pin.args for pin in pins], "the history tells whose token was shown"
    assert all(pin.args.get("token_of", pin.needs) == pin.needs for pin in pins)


def test_an_id_is_sent_again_with_other_seats() -> None:
    holds = [request for _, request in asked(only("settle", reused=1.0)) if request.f == "hold"]
    told = Counter((hold.args["show_id"], hold.args["subject"], hold.args["id"]) for hold in holds)
    assert set(told.values()) == {2}
    assert len({json.dumps(hold.args) for hold in holds}) == len(holds)


def test_what_only_looks_is_never_repeated_and_everything_else_is() -> None:
    plan = crowd_of(again=[Again(1.0, 1.0)])
    count = Counter(intent.request.f for intent in schedule(plan))
    once = Counter(intent.request.f for intent in schedule(crowd_of(again=[])))
    assert {f: count[f] / once[f] for f in once} == {f: 1 if f in {"read_hold", "seat_map"} else 2 for f in once}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"shows": []}, "errand.shows has at least one show"),
        ({"shows": [Show("a", 0)]}, r"errand.shows\[0\].seats is 1 to 50000, not 0"),
        ({"shows": [Show("batch", 1)]}, r"errand.shows\[0\].id is .* not 'batch'"),
        ({"shows": [Show("a", 1), Show("a", 1)]}, "errand.shows has an id twice"),
        ({"shows": [Show("a", 1, per_row=0)]}, "per_row is at least 1"),
        ({"shows": [Show("a", 1, weight=0)]}, "weight is above 0"),
        ({"looked": 1.5}, "errand.looked is 0 to 1, not 1.5"),
        ({"ways": Ways(*[0.0] * len(WAYS))}, "errand.ways are at least 0, and one is above 0"),
        ({"inside": ()}, "inside has the address of one replica at least"),
        ({"inside": ("http://127.0.0.1:2/x",)}, r"inside\[0\] is an http address without a path"),
        ({"errand": Seating(shows=SHOWS, ttl_ms_max=1)}, f"ttl_ms_max is {HOLD_TTL_MS_LEAST} to"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        crowd_of(**wrong)
