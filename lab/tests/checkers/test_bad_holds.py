"""Each rule over holds is fed what it exists for, made by hand, and has to be one that catches it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

TOLD = runpy.run_path(str(Path(__file__).with_name("seats_told.py")))
granted, refused, extended, again, seat = (TOLD[name] for name in ("granted", "refused", "extended", "again", "seat"))
CASES: dict[str, tuple[set[str], Any]] = {}
bad = TOLD["register"](CASES)


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


@bad("tombstones_refuse")
def an_orders_release_left_no_trace(hall):
    hall.rows("settlements").remove(hall.row("settlements", "dan/1"))


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


@pytest.mark.parametrize(("caught_by", "damage"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_caught(hall, caught_by, damage) -> None:
    damage(hall)
    findings = hall.judge()
    invalid = {rule for rule, finding in findings.items() if finding.verdict == "invalid"}
    assert invalid == caught_by, {rule: findings[rule].observed for rule in invalid}
    assert all(findings[rule].witness for rule in caught_by)
