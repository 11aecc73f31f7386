"""Each rule over the ledgers of seats is fed what it exists for, made by hand, and has to be one that catches it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

TOLD = runpy.run_path(str(Path(__file__).with_name("seats_told.py")))
again, seat = (TOLD[name] for name in ("again", "seat"))
HOLDS = runpy.run_path(str(Path(__file__).with_name("test_bad_holds.py")))
CASES: dict[str, tuple[set[str], Any]] = {}
bad = TOLD["register"](CASES)


def test_a_right_history_is_valid(hall, seat_rules) -> None:
    findings = hall.judge()
    assert {name: finding.observed for name, finding in findings.items() if finding.verdict != "valid"} == {}
    assert set(findings) == seat_rules
    assert all(finding.witness == [] for finding in findings.values())


@bad("seat_sold_once", "settlements_consistent")
def a_seat_stands_twice_in_the_ledger(hall):
    hall.rows("taken").append(dict(hall.row("taken", "ann/1")))


@bad("seat_sold_once", "no_lost_confirm", "seat_fences_grow")
def two_were_told_that_a_seat_is_theirs(hall):
    """The ledger has one of them."""
    operation = again(hall, "confirm", "cyd/1", 960, 990, id="eve/1", seats=["a-3"])
    operation["args"] |= {"id": "eve/1", "subject": "eve", "order_id": "o-9"}


@bad("seat_sold_once", "settlements_consistent", "no_lost_confirm", "nothing_held_at_rest")
def two_settlements_sold_a_seat(hall):
    row = dict(hall.row("settlements", "ann/1"))
    hall.rows("settlements").append(row | {"order_id": "o-8", "fence": 99})
    hall.rows("taken").remove(next(row for row in hall.rows("taken") if row["seat_id"] == "a-2"))


@bad("no_lost_confirm", "settlements_consistent", "nothing_held_at_rest")
def a_confirmation_left_no_row(hall):
    hall.rows("taken").remove(hall.row("taken", "cyd/1"))


@bad("no_lost_confirm", "settlements_consistent", "nothing_held_at_rest")
def a_pin_left_no_row(hall):
    hall.rows("taken").remove(hall.row("taken", "eve/1"))


@bad("no_lost_confirm", "nothing_held_at_rest")
def a_confirmed_seat_is_only_pinned(hall):
    for name in ("taken", "settlements"):
        hall.row(name, "cyd/1")["state"] = "pinned"


@bad("no_lost_confirm")
def an_order_was_told_another_fence(hall):
    hall.operation("confirm", "cyd/1")["value"]["fence"] = 77


@bad("no_phantom_confirm", "nothing_held_at_rest", "settlements_consistent")
def a_seat_is_sold_to_nobody(hall):
    hall.rows("taken").append(
        dict(hall.row("taken", "cyd/1")) | {"seat_id": "a-8", "hold_id": "x", "unit_price_minor": 3000}
    )


@bad("no_phantom_confirm", "nothing_held_at_rest")
def a_pinned_seat_was_sold_and_nobody_confirmed(hall):
    for name in ("taken", "settlements"):
        hall.row(name, "eve/1")["state"] = "sold"


@bad("no_phantom_confirm", "tombstones_refuse", "nothing_held_at_rest", "settlements_consistent")
def a_confirmation_was_refused_and_is_in_the_ledger(hall):
    hall.rows("taken").append(
        dict(hall.row("taken", "eve/1")) | {"hold_id": "dan/1", "subject": "dan", "order_id": "o-3", "seat_id": "a-8"}
    )


@bad("no_phantom_confirm", "settlements_consistent", "nothing_held_at_rest")
def a_seat_was_taken_that_the_hold_never_had(hall):
    hall.rows("taken").append(dict(hall.row("taken", "eve/1")) | {"seat_id": "a-8"})


@bad("no_phantom_confirm", "nothing_held_at_rest", "settlements_consistent", "no_lost_confirm")
def a_seat_is_in_a_state_that_there_is_not(hall):
    hall.row("taken", "eve/1")["state"] = "reserved"


@bad("seat_fences_grow", "no_lost_confirm")
def two_orders_have_one_fence(hall):
    hall.row("settlements", "cyd/1")["fence"] = hall.row("taken", "cyd/1")["fence"] = 1


@bad("seat_fences_grow")
def the_later_pin_has_the_smaller_fence(hall):
    """Of a-4 dan's pin was over before eve's."""
    hall.operation("pin", "dan/1")["value"]["fence"] = 50
    hall.row("settlements", "dan/1")["fence"] = 50


@bad("tombstones_refuse", "settlements_consistent", "no_phantom_confirm", "nothing_held_at_rest", "seat_sold_once")
def what_its_order_released_is_still_its(hall):
    hall.rows("taken").append(
        dict(hall.row("taken", "eve/1")) | {"hold_id": "dan/1", "subject": "dan", "order_id": "o-3"}
    )
    hall.row("taken", "dan/1")["state"] = "sold"


@bad("nothing_held_at_rest")
def a_hold_never_ended(hall):
    seat(hall, "a-8")["state"] = "held"


@bad("nothing_held_at_rest")
def the_map_has_forgotten_who_pinned(hall):
    seat(hall, "a-4")["state"] = "free"


@bad("nothing_held_at_rest")
def the_map_says_sold_where_it_is_pinned(hall):
    seat(hall, "a-4")["state"] = "sold"


@bad("nothing_held_at_rest")
def the_map_has_a_seat_twice(hall):
    hall.history[-1]["value"]["blocks"][0]["seats"].append({"id": "a-8", "state": "free"})


@bad("nothing_held_at_rest")
def the_map_lacks_a_seat(hall):
    for block in hall.history[-1]["value"]["blocks"]:
        block["seats"] = [each for each in block["seats"] if each["id"] != "a-4"]


@bad("settlements_consistent")
def a_settlement_names_another_seat(hall):
    hall.row("settlements", "cyd/1")["seats"] = '["a-8"]'


@bad("settlements_consistent")
def a_settlement_has_another_total(hall):
    hall.row("settlements", "cyd/1")["total_minor"] += 1


@bad("settlements_consistent")
def a_settlement_has_another_fence(hall):
    hall.row("settlements", "cyd/1")["fence"] = 1000


@bad("settlements_consistent")
def a_settlement_is_in_a_state_that_there_is_not(hall):
    hall.row("settlements", "cyd/1")["state"] = "done"


@bad("settlements_consistent", "tombstones_refuse")
def a_released_one_still_has_its_seat(hall):
    """Half a release."""
    hall.row("settlements", "eve/1")["state"] = "released"
    args = hall.operation("pin", "eve/1")["args"]
    hall.tell("release", args, (200, {"state": "released"}), (4_000_000_000, 4_010_000_000))


@bad("settlements_consistent")
def seats_without_a_settlement(hall):
    hall.rows("settlements").remove(hall.row("settlements", "cyd/1"))


@bad("settlements_consistent")
def one_order_settled_twice(hall):
    hall.rows("settlements").append(dict(hall.row("settlements", "dan/1")) | {"fence": None})


@bad("settlements_consistent")
def a_seat_was_sold_at_another_price(hall):
    hall.row("taken", "cyd/1")["unit_price_minor"] = hall.row("settlements", "cyd/1")["total_minor"] = 1


@bad("settlements_consistent")
def a_seat_was_offered_at_another_price_than_the_maps(hall):
    for block in hall.history[-1]["value"]["blocks"]:
        block["unit_price_minor"] += block["unit_price_minor"] == 3000
    for row in hall.rows("taken"):
        row["unit_price_minor"] += row["unit_price_minor"] == 3000
    hall.row("settlements", "eve/1")["total_minor"] = 3001


@bad("settlements_consistent")
def a_hold_costs_more_than_its_seats(hall):
    hall.operation("hold", "fay/1")["value"]["total_minor"] += 1


@bad("settlements_consistent")
def a_hold_lacks_a_line(hall):
    hall.operation("hold", "fay/1")["value"]["lines"].pop()


@bad("settlements_consistent")
def a_hold_is_in_another_currency(hall):
    hall.operation("hold", "fay/1")["value"]["currency"] = "USD"


@bad("settlements_consistent")
def a_seat_changed_its_price(hall):
    hall.operation("hold", "cyd/1")["value"]["lines"][0]["unit_price_minor"] = 1
    hall.operation("hold", "cyd/1")["value"]["total_minor"] = 1


@bad("settlements_consistent")
def a_hold_was_answered_with_other_seats(hall):
    operation = hall.operation("hold", "gus/2")
    operation["args"]["seats"] = ["a-6", "a-8"]


@bad("settlements_consistent")
def a_hold_was_answered_about_another(hall):
    hall.operation("hold", "fay/1")["value"]["id"] = "fay/2"


@bad("settlements_consistent")
def a_hold_of_a_show_that_there_is_not(hall):
    hall.operation("hold", "gus/2")["args"]["show_id"] = "nowhere"
    hall.operation("hold", "gus/2")["value"]["show_id"] = "nowhere"


@bad("tokens_compared")
def an_order_pins_with_the_token_of_another_hold(hall):
    hall.operation("pin", "eve/1")["args"]["token_of"] = "hall/ann/ann/1"


@pytest.mark.parametrize(("caught_by", "damage"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_caught(hall, caught_by, damage) -> None:
    damage(hall)
    findings = hall.judge()
    invalid = {rule for rule, finding in findings.items() if finding.verdict == "invalid"}
    assert invalid == caught_by, {rule: findings[rule].observed for rule in invalid}
    assert all(findings[rule].witness for rule in caught_by)


def test_every_rule_has_a_bad_history(seat_rules) -> None:
    judging = seat_rules - {"answers_complete", "generator_on_time", "history_whole", "no_defects", "seats_contended"}
    assert set.union(*(caught_by for caught_by, _ in (*CASES.values(), *HOLDS["CASES"].values()))) == judging
