"""Each rule over seats is fed what it exists for, made by hand, and has to be one that catches it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

Damage = Callable[[Any], object]
CASES: dict[str, tuple[set[str], Damage]] = {}


def bad(*caught_by: str) -> Callable[[Damage], Damage]:
    """Register a damage to the right history, and the rules that catch it, and no other."""

    def register(damage: Damage) -> Damage:
        CASES[damage.__name__] = (set(caught_by), damage)
        return damage

    return register


def granted(hall: Any, hold: str, seats: str, *spans: tuple[Any, ...], ttl_ms: int = 1000) -> Any:
    """Tell of a grant that the service never made."""
    lines = [{"seat": seat, "unit_price_minor": hall.service.shows["hall"][seat]} for seat in seats.split()]
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], "seats": seats.split(), "ttl_ms": ttl_ms}
    body = {"id": hold, "show_id": "hall", "state": "held", "seats": seats.split(), "lines": lines}
    body |= {"total_minor": sum(line["unit_price_minor"] for line in lines), "currency": "EUR"}
    body |= {"expires_in_ms": ttl_ms, "expires_at": "soon"}
    return hall.tell("hold", args, (201, body), *[(a * 1_000_000, b * 1_000_000) for a, b in spans])


def refused(hall: Any, hold: str, seats: str, named: str, call_ms: int, return_ms: int) -> Any:
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], "seats": seats.split(), "ttl_ms": 1000}
    problem = {"code": "already-held", "status": 409, "seats": named.split()}
    return hall.tell("hold", args, (409, problem), (call_ms * 1_000_000, return_ms * 1_000_000))


def extended(hall: Any, hold: str, call_ms: int, return_ms: int) -> Any:
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], "ttl_ms": 2000}
    body = {"id": hold, "show_id": "hall", "state": "held", "expires_in_ms": 2000}
    return hall.tell("extend", args, (200, body), (call_ms * 1_000_000, return_ms * 1_000_000))


def again(hall: Any, f: str, hold: str, call_ms: int, return_ms: int, **changes: Any) -> Any:
    """Tell of an operation once more, with another answer."""
    operation = copy.deepcopy(hall.operation(f, hold))
    operation["op"] = len(hall.history)
    operation["attempts"][-1] |= {"call_ns": call_ms * 1_000_000, "return_ns": return_ms * 1_000_000}
    operation["value"] |= changes
    del operation["attempts"][:-1]
    hall.history.append(operation)
    return operation


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


@bad("holds_exclusive")
def two_held_a_seat_at_once(hall):
    granted(hall, "ivo/1", "a-5", (1100, 1130))


@bad("holds_exclusive")
def two_were_granted_a_seat_while_both_were_in_flight(hall):
    granted(hall, "ivo/1", "a-8", (3000, 3100))
    granted(hall, "ivo/2", "a-8", (3050, 3150))


@bad("holds_exclusive")
def a_grant_within_an_extension(hall):
    granted(hall, "ivo/1", "a-8", (3000, 3010))
    extended(hall, "ivo/1", 3900, 3910)
    granted(hall, "ivo/2", "a-8", (4200, 4300))


@bad("holds_exclusive")
def a_pin_proves_that_the_hold_stood_all_the_time(hall):
    """eve holds a-4 from 920 on, and pins it at 1020."""
    granted(hall, "ivo/1", "a-4", (940, 960), ttl_ms=1)


@bad("holds_exclusive", "sold_never_granted")
def what_is_sold_was_granted(hall):
    granted(hall, "ivo/1", "a-3", (4000, 4100), ttl_ms=1)


@bad("holds_exclusive", "sold_never_granted")
def what_is_sold_was_granted_after_memory_was_lost(hall):
    hall.break_valkey(3_000_000_000, 3_100_000_000)
    granted(hall, "ivo/1", "a-3", (4000, 4100))


@bad("holds_exclusive", "sold_never_granted")
def what_is_pinned_was_granted_after_memory_was_lost(hall):
    hall.break_valkey(3_000_000_000, 3_100_000_000)
    granted(hall, "ivo/1", "a-4", (4000, 4100))


@bad("holds_exclusive", "sold_never_granted")
def what_is_pinned_was_granted_before_its_release(hall):
    """dan has a-4 from 820 to 830 at the least."""
    granted(hall, "ivo/1", "a-4", (822, 828), ttl_ms=1)


@bad("holds_exclusive")
def two_held_a_seat_and_memory_was_lost_later(hall):
    hall.break_valkey(1_500_000_000, 1_600_000_000)
    granted(hall, "ivo/1", "a-5", (1100, 1130))


@bad("refused_holds_legal")
def a_free_seat_was_refused(hall):
    refused(hall, "ivo/1", "a-8", "a-8", 4000, 4100)


@bad("refused_holds_legal")
def one_of_two_named_seats_was_free(hall):
    refused(hall, "ivo/1", "a-3 a-8", "a-3 a-8", 4000, 4100)


@bad("refused_holds_legal")
def a_hold_that_had_expired_still_stood_in_the_way(hall):
    refused(hall, "ivo/1", "a-5", "a-5", 2200, 2300)


@bad("refused_holds_legal")
def a_hold_that_was_released_still_stood_in_the_way(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=3000)
    hall.do("release", "ivo/1", (3020, 3040))
    refused(hall, "ivo/2", "a-8", "a-8", 3200, 3210)


@bad("refused_holds_legal")
def what_its_order_released_still_stood_in_the_way(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=3000)
    hall.do("pin", "ivo/1", (3020, 3040), order_id="o-9")
    hall.do("release", "ivo/1", (3050, 3060), order_id="o-9")
    refused(hall, "ivo/2", "a-8", "a-8", 3200, 3210)


@bad("refused_holds_legal")
def what_memory_had_lost_still_stood_in_the_way(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=3000)
    hall.wipe(3100, 3110, 3120)
    refused(hall, "ivo/2", "a-8", "a-8", 3200, 3210)


@bad("refused_holds_legal")
def a_refusal_names_no_seat(hall):
    refused(hall, "ivo/1", "a-3", "", 4000, 4100)


@bad("refused_holds_legal")
def a_refusal_names_a_seat_that_nobody_asked_for(hall):
    refused(hall, "ivo/1", "a-8", "a-3", 4000, 4100)


@bad("refused_holds_legal")
def a_hold_met_itself(hall):
    refused(hall, "ivo/1", "a-8", "a-8", 4000, 4100)
    refused(hall, "ivo/1", "a-8", "a-8", 4200, 4300)


@bad("tombstones_refuse")
def a_hold_came_after_its_release(hall):
    hall.do("release", "ivo/1", (3000, 3010))
    granted(hall, "ivo/1", "a-8", (3020, 3030))


@bad("tombstones_refuse")
def what_was_released_was_extended(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.do("release", "ivo/1", (3020, 3040))
    extended(hall, "ivo/1", 3050, 3060)


@bad("tombstones_refuse", "no_lost_confirm")
def what_its_order_released_was_pinned_by_it(hall):
    hall.history.remove(hall.operation("pin", "dan/1", 1))
    again(hall, "pin", "dan/1", 860, 880)
    hall.history = [each for each in hall.history if each["args"].get("id") != "eve/1"]
    hall.rows("taken").remove(hall.row("taken", "eve/1"))
    hall.rows("settlements").remove(hall.row("settlements", "eve/1"))
    seats = [seat for block in hall.history[-2]["value"]["blocks"] for seat in block["seats"]]
    next(seat for seat in seats if seat["id"] == "a-4")["state"] = "free"


@bad("tombstones_refuse", "settlements_consistent", "no_phantom_confirm", "nothing_held_at_rest", "seat_sold_once")
def what_its_order_released_is_still_its(hall):
    hall.rows("taken").append(
        dict(hall.row("taken", "eve/1")) | {"hold_id": "dan/1", "subject": "dan", "order_id": "o-3"}
    )
    hall.row("taken", "dan/1")["state"] = "sold"


@bad("tombstones_refuse")
def an_orders_release_left_no_trace(hall):
    hall.rows("settlements").remove(hall.row("settlements", "dan/1"))


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


@bad("one_answer_a_hold")
def a_repeat_was_granted_anew(hall):
    again(hall, "hold", "fay/1", 1030, 1040, expires_at="later")


@bad("one_answer_a_hold")
def a_repeat_of_a_grant_was_refused(hall):
    refused(hall, "bob/2", "a-3", "a-3", 800, 810)


@bad("one_answer_a_hold")
def a_repeat_of_a_refusal_was_granted(hall):
    granted(hall, "gus/1", "a-6", (3000, 3010))


@bad("one_answer_a_hold")
def a_repeat_of_a_refusal_names_another_seat(hall):
    refused(hall, "bob/1", "a-2 a-3", "a-3", 800, 810)


@bad("one_answer_a_hold", "no_lost_confirm")
def a_repeat_of_a_pin_tells_another_fence(hall):
    hall.operation("pin", "ann/1", 1)["value"]["fence"] += 1


@bad("expired_stays_over")
def an_expired_hold_was_confirmed(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.service.claims["hall", "ivo", "ivo/1"]["until"] = 10**18
    hall.do("confirm", "ivo/1", (4200, 4210), order_id="o-9")
    seat(hall, "a-8")["state"] = "sold"


@bad("expired_stays_over")
def an_expired_hold_was_extended(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.service.claims["hall", "ivo", "ivo/1"]["until"] = 10**18
    hall.do("extend", "ivo/1", (4200, 4210), ttl_ms=2000)


def seat(hall: Any, name: str) -> Any:
    """Return a seat of the map at rest."""
    found = next(each for each in hall.history if each["f"] == "seat_map")
    return next(seat for block in found["value"]["blocks"] for seat in block["seats"] if seat["id"] == name)


@pytest.mark.parametrize(("caught_by", "damage"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_caught(hall, caught_by, damage) -> None:
    damage(hall)
    findings = hall.judge()
    invalid = {rule for rule, finding in findings.items() if finding.verdict == "invalid"}
    assert invalid == caught_by, {rule: findings[rule].observed for rule in invalid}
    assert all(findings[rule].witness for rule in caught_by)


def test_every_rule_has_a_bad_history(seat_rules) -> None:
    judging = seat_rules - {"answers_complete", "generator_on_time", "history_whole", "no_defects", "seats_contended"}
    assert set.union(*(caught_by for caught_by, _ in CASES.values())) == judging
