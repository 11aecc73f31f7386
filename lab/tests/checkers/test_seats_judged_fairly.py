"""What a right reservation may do is no violation, however odd it looks."""

import pytest


def timeout(call, until):
    return (call, until, 0, "timeout")


def test_a_hold_that_nobody_heard_of_may_stand(hall):
    hall.hold("ivo/1", "a-8", timeout(3000, 3100))
    hall.service.hold(
        {"show_id": "hall", "subject": "ivo", "id": "ivo/1", "seats": ["a-8"], "ttl_ms": 1000}, 3_050_000_000
    )
    hall.hold("ivo/2", "a-8", (3200, 3210))
    assert hall.history[-1]["value"]["code"] == "already-held"
    assert hall.invalid() == set()


def test_and_may_stand_not(hall):
    hall.hold("ivo/1", "a-8", timeout(3000, 3100))
    hall.hold("ivo/2", "a-8", (3200, 3210))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_hold_ends_between_the_earliest_and_the_latest_instant_of_its_ttl(hall):
    """Granted between 3.0 and 3.2 s for one: at 4.1 s it may stand, and may be over."""
    hall.hold("ivo/1", "a-8", (3000, 3200))
    hall.hold("ivo/2", "a-8", (4090, 4110))
    assert hall.history[-1]["value"]["code"] == "already-held"
    hall.service.keys.clear()
    hall.service.reload()
    hall.hold("ivo/3", "a-8", (4100, 4120))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_an_extension_that_nobody_heard_of_may_have_come_late(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.do("extend", "ivo/1", timeout(3500, 3600), ttl_ms=2000)
    hall.service.extend(
        {
            "show_id": "hall",
            "subject": "ivo",
            "id": "ivo/1",
            "ttl_ms": 2000,
            "token": hall.tokens["hall", "ivo", "ivo/1"],
        },
        3_900_000_000,
    )
    hall.hold("ivo/2", "a-8", (5700, 5710))
    assert hall.history[-1]["value"]["code"] == "already-held"
    assert hall.invalid() == set()


def test_an_extension_that_nobody_heard_of_may_shorten(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=4000)
    hall.do("extend", "ivo/1", timeout(3100, 3110), ttl_ms=10)
    hall.service.extend(
        {
            "show_id": "hall",
            "subject": "ivo",
            "id": "ivo/1",
            "ttl_ms": 10,
            "token": hall.tokens["hall", "ivo", "ivo/1"],
        },
        3_105_000_000,
    )
    hall.hold("ivo/2", "a-8", (3200, 3210))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_what_memory_lost_may_be_granted_again(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=4000)
    hall.wipe(3100, 3150, 3200)
    hall.hold("ivo/2", "a-8", (3190, 3210))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_loss_of_memory_that_nobody_saw_may_be_one(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=4000)
    hall.service.wipe()
    hall.break_valkey(3_100_000_000, None, "kill")
    hall.hold("ivo/2", "a-8", (3190, 3210))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_repeat_after_memory_was_lost_is_decided_anew(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=4000)
    hall.wipe(3100, 3150, 3200)
    hall.hold("ivo/2", "a-8", (3210, 3220))
    hall.hold("ivo/1", "a-8", (3300, 3310))
    assert [each["outcome"] for each in hall.history[-2:]] == ["ok", "fail"]
    assert hall.invalid() == set()


def test_what_is_sold_meets_itself_when_it_is_asked_for_again_and_memory_was_lost(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.do("pin", "ivo/1", (3020, 3030), order_id="o-9")
    hall.wipe(3100, 3110, 3120)
    hall.hold("ivo/1", "a-8", (3200, 3210))
    assert hall.history[-1]["value"]["code"] == "already-held"
    hall.look(9500, 9510)
    assert hall.invalid() == set()
    hall.faults.clear()
    assert hall.invalid() >= {"refused_holds_legal"}


def test_an_id_that_memory_lost_may_be_granted_other_seats(hall):
    """The second hold stands at a-8 and not at a-7, and the first one's neighbour was never in its way."""
    hall.hold("ivo/1", "a-7", (3000, 3010), ttl_ms=4000)
    hall.hold("ivo/2", "a-8", (3020, 3030), ttl_ms=4000)
    hall.wipe(3100, 3150, 3200)
    hall.hold("ivo/1", "a-8", (3210, 3220), ttl_ms=4000)
    hall.hold("ivo/3", "a-7", (3230, 3240), ttl_ms=1000)
    hall.do("pin", "ivo/1", (3250, 3260), order_id="o-9")
    hall.do("confirm", "ivo/1", (3270, 3280), order_id="o-9")
    assert [each["outcome"] for each in hall.history[-5:]] == ["ok"] * 5
    hall.look(9500, 9510)
    assert hall.invalid() == set()
    hall.faults.clear()
    assert hall.invalid() >= {"one_answer_a_hold", "holds_exclusive"}


@pytest.mark.parametrize("memory", ["valkey-1", "reservation-valkey"])
def test_memory_is_lost_with_the_service_s_own_server(hall, memory):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.wipe(3100, 3110, 3120)
    hall.faults[-1]["target"] = memory
    hall.hold("ivo/2", "a-8", (3200, 3210))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()
    hall.faults[-1]["target"] = "reservation-api-1"
    assert hall.invalid() == {"holds_exclusive"}


def turned_away(hall, f, hold, code, call_ms, return_ms, **args):
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], **args}
    problem = {"code": code, "status": 409, "seats": args.get("seats", [])}
    return hall.tell(f, args, (409, problem), (call_ms * 1_000_000, return_ms * 1_000_000))


def test_a_pin_that_was_given_up_on_its_way_kept_its_seat_until_it_was_told(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    turned_away(hall, "pin", "ivo/1", "hold-expired", 3500, 6500, order_id="o-9")
    turned_away(hall, "hold", "jan/1", "already-held", 4500, 4510, seats=["a-8"], ttl_ms=1000)
    assert hall.invalid() == set()
    turned_away(hall, "hold", "jan/2", "already-held", 6600, 6610, seats=["a-8"], ttl_ms=1000)
    assert hall.invalid() == {"refused_holds_legal"}


def test_a_pin_that_began_before_memory_was_lost_learns_that_nobody_knows_the_hold(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    turned_away(hall, "pin", "ivo/1", "not-found", 3500, 4900, order_id="o-9")
    hall.wipe(4600, 4650, 4700)
    turned_away(hall, "hold", "jan/1", "already-held", 4500, 4510, seats=["a-8"], ttl_ms=1000)
    assert hall.invalid() == set()
    hall.faults.clear()
    assert hall.invalid() == {"refused_holds_legal"}


def test_a_pin_that_came_too_late_kept_nothing(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    turned_away(hall, "pin", "ivo/1", "hold-expired", 4200, 6500, order_id="o-9")
    turned_away(hall, "hold", "jan/1", "already-held", 4500, 4510, seats=["a-8"], ttl_ms=1000)
    assert hall.invalid() == {"refused_holds_legal"}


def test_a_tombstone_goes_with_memory(hall):
    hall.do("release", "ivo/1", (3000, 3010))
    hall.wipe(3100, 3150, 3200)
    hall.hold("ivo/1", "a-8", (3300, 3310))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_hold_that_was_asked_for_before_its_release_is_told_again_after_it(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.do("release", "ivo/1", (3020, 3040))
    hall.hold("ivo/1", "a-8", (3050, 3060))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_refusal_that_is_told_again_is_judged_from_its_first_call(hall):
    """gus/1 was refused because of fay's hold, which is long over."""
    hall.hold("gus/1", "a-6", (3000, 3010))
    assert hall.history[-1]["value"]["code"] == "already-held"
    assert hall.invalid() == set()


def test_a_refusal_is_not_told_again_for_ever(hall):
    hall.history[-1]["attempts"][0] |= {"call_ns": 90_000_000_000, "return_ns": 90_000_000_001}
    hall.hold("gus/1", "a-6", (70_000, 70_010))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_pin_that_nobody_heard_of_may_stand_in_the_way_and_be_taken_back(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010), ttl_ms=3000)
    hall.do("pin", "ivo/1", timeout(3100, 3110), order_id="o-9")
    payload = {"show_id": "hall", "subject": "ivo", "id": "ivo/1", "order_id": "o-9", "f": "pin"}
    hall.service.begin(payload | {"token": hall.tokens["hall", "ivo", "ivo/1"]}, 3_105_000_000)
    hall.hold("ivo/2", "a-8", (3200, 3210))
    hall.service.sweep(4_000_000_000)
    hall.hold("ivo/3", "a-8", (4100, 4110))
    assert [each["outcome"] for each in hall.history[-2:]] == ["fail", "ok"]
    assert hall.invalid() == set()


def test_a_confirmation_that_nobody_heard_of_may_be_in_the_ledger(hall):
    hall.operation("confirm", "cyd/1").update(outcome="unknown", value=None)
    assert hall.invalid() == set()


def test_an_unknown_release_may_have_freed_what_was_pinned(hall):
    args = hall.operation("pin", "eve/1")["args"]
    hall.service.release(args, 0)
    hall.history[-1]["value"] = hall.service.seat_map("hall", 9_000_000_000)
    hall.tell("release", args, None, (3_000_000_000, 3_100_000_000, 0, "timeout"))
    hall.hold("ivo/1", "a-4", (3200, 3210))
    assert hall.history[-1]["outcome"] == "ok"
    assert hall.invalid() == set()


def test_a_pin_beside_its_release_may_be_told_either(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.do("pin", "ivo/1", (3100, 3200), order_id="o-9")
    hall.do("release", "ivo/1", (3150, 3300), order_id="o-9")
    hall.hold("ivo/2", "a-8", (3250, 3350))
    assert [each["outcome"] for each in hall.history[-3:]] == ["ok", "ok", "ok"]
    assert hall.invalid() == set()


def test_a_refusal_beside_a_release_may_be_told_either(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.hold("ivo/2", "a-8", (3100, 3200))
    hall.do("release", "ivo/1", (3120, 3210))
    assert [each["outcome"] for each in hall.history[-2:]] == ["fail", "ok"]
    assert hall.invalid() == set()


@pytest.mark.parametrize("code", ["forbidden", "not-found"])
def test_who_pins_without_right_changes_nothing(hall, code):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    problem = {"code": code, "status": 403}
    args = {"show_id": "hall", "id": "ivo/1", "subject": "ivo", "order_id": "o-9"}
    hall.tell("pin", args, (403, problem), (3_020_000_000, 3_030_000_000))
    assert hall.invalid() == set()
