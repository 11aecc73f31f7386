"""Each rule over what customers are answered is fed what it exists for, made by hand, and has to catch it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

TOLD = runpy.run_path(str(Path(__file__).with_name("orders_told.py")))
first, bobs = TOLD["first"], TOLD["bobs"]
CASES: dict[str, tuple[set[str], Any]] = {}
bad = TOLD["register"](CASES)


@bad("statuses_told")
def somebody_was_shown_a_status_that_it_never_had(desk):
    desk.operation("look")["value"]["status"] = "Payment Pending"


@bad("statuses_told")
def somebody_was_shown_a_version_that_it_never_had(desk):
    desk.operation("look")["value"]["version"] = 3


@bad("statuses_told")
def somebody_was_shown_what_was_before(desk):
    desk.operation("look", 1)["value"].update(status="Order Created", version=1)


@bad("statuses_told")
def somebody_was_shown_a_wish_that_nobody_had(desk):
    desk.operation("look")["value"]["cancellation_requested"] = True


@bad("statuses_told")
def somebody_was_shown_another_order(desk):
    desk.operation("look")["value"]["id"] = bobs(desk)


@bad("cancels_answered", "statuses_told")
def a_cancellation_was_accepted_and_nothing_came_of_it(desk):
    args = desk.operation("look")["args"]
    value = desk.operation("look")["value"] | {"status": "Order Cancelled"}
    desk.tell("cancel", None, args, (202, value), (900, 910))


@bad("cancels_answered")
def a_cancellation_was_accepted_and_shown_as_none(desk):
    operation = desk.operation("cancel", 1)
    operation["value"].update(status="Order Created", version=1)
    operation["attempts"][-1]["call_ns"] = 131


@bad("cancels_answered")
def a_cancellation_was_refused_as_too_late(desk):
    desk.tell("cancel", None, desk.operation("cancel")["args"], (409, {"code": "too-late"}), (900, 910))


@bad("cancels_answered")
def a_customers_own_order_was_not_found(desk):
    desk.tell("cancel", None, desk.operation("cancel")["args"], (404, {"code": "not-found"}), (900, 910))


@bad("cancels_answered")
def an_order_was_cancelled_by_nobody(desk):
    desk.history = [operation for operation in desk.history if operation["f"] != "cancel"]
    args = desk.operation("look")["args"]
    desk.tell("cancel", None, args, None, (900, 910, 0, "timeout"))


@bad("timelines_gapless")
def a_timeline_has_a_gap(desk):
    del desk.operation("timeline")["value"]["entries"][0]


@bad("timelines_gapless")
def a_timeline_says_another_version_than_it_ends_with(desk):
    desk.operation("timeline")["value"]["version"] = 3


@bad("timelines_gapless")
def a_timeline_has_what_never_happened(desk):
    desk.operation("timeline")["value"]["entries"][1]["type"] = "OrderConfirmed"


@bad("timelines_gapless")
def a_timeline_at_rest_is_not_whole(desk):
    desk.operation("timeline", 1)["value"].update(entries=[], version=0)


@bad("timelines_gapless")
def a_stream_began_with_what_was_known(desk):
    desk.operation("follow", 1)["args"]["after"] = 0
    desk.operation("follow", 0)["args"]["after"] = 1


@bad("timelines_gapless")
def a_streams_event_has_another_id(desk):
    desk.operation("follow")["value"]["events"][0]["id"] = "2"


@bad("timelines_gapless")
def a_streams_event_cannot_be_read(desk):
    desk.operation("follow")["value"]["events"][0]["data"] = "x"


@bad("orders_owned")
def somebody_was_shown_another_customers_order(desk):
    operation = desk.operation("trespass")
    operation.update(outcome="ok", value=desk.operation("look")["value"])
    operation["attempts"][-1].update(status=200, code=None)


@bad("orders_owned")
def somebody_was_told_that_an_order_is_anothers(desk):
    desk.operation("trespass")["attempts"][-1].update(status=403, code="forbidden")


@bad("orders_owned")
def a_page_has_anothers_order(desk):
    desk.operation("list", 2)["args"]["customer_id"] = "bob"
    page = desk.operation("list", 2)["value"]
    page["orders"] = [desk.operation("look", 1)["value"] | {"id": first(desk), "status": "Order Created", "version": 1}]
    desk.operation("list", 2)["attempts"][-1].update(call_ns=100, return_ns=110)


@bad("pages_complete")
def a_page_lacks_an_order(desk):
    del desk.operation("list", 2)["value"]["orders"][0]


@bad("pages_complete")
def a_page_begins_with_the_oldest(desk):
    desk.operation("list", 2)["value"]["orders"].reverse()


@bad("pages_complete")
def a_page_begins_before_where_it_should(desk):
    operation = desk.operation("list", 1)
    operation["args"]["order_id"] = first(desk)


@bad("pages_complete")
def a_page_says_to_go_on_from_elsewhere(desk):
    desk.operation("list")["value"]["next"] = first(desk)


@bad("pages_complete")
def a_page_is_none(desk):
    desk.operation("list")["value"] = {"items": []}


@pytest.mark.parametrize(("caught_by", "damage"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_caught(desk, caught_by, damage) -> None:
    damage(desk)
    findings = desk.judge()
    invalid = {rule for rule, finding in findings.items() if finding.verdict == "invalid"}
    assert invalid == caught_by, {rule: findings[rule].observed for rule in invalid}
    assert all(findings[rule].witness for rule in caught_by)
