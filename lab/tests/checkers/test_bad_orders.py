"""Each rule over the books of orders and their topic is fed what it exists for, made by hand, and has to catch it."""

import copy
import runpy
from pathlib import Path
from typing import Any

import pytest

TOLD = runpy.run_path(str(Path(__file__).with_name("orders_told.py")))
first, bobs, told, untell, again = (TOLD[name] for name in ("first", "bobs", "told", "untell", "again"))
ANSWERS = runpy.run_path(str(Path(__file__).with_name("test_bad_answers_on_orders.py")))
CASES: dict[str, tuple[set[str], Any]] = {}
bad = TOLD["register"](CASES)
JUDGING = frozenset({"answers_complete", "generator_on_time", "history_whole", "no_defects", "orders_raced"})
"""Rules over the evidence, which are never broken here, or have tests of their own."""


def test_a_right_history_is_valid(desk, order_rules) -> None:
    findings = desk.judge()
    assert {name: finding.observed for name, finding in findings.items() if finding.verdict != "valid"} == {}
    assert set(findings) == order_rules
    assert all(finding.witness == [] for finding in findings.values())


@bad("no_lost_order", "statuses_told", "orders_owned")
def an_order_left_nothing_in_the_books(desk):
    """It was on a page too, and is nobody's."""
    lost = desk.operation("order", 5)["value"]["id"]
    for name in ("orders", "outbox", "timeline", "keys"):
        desk.rows(name).remove(desk.row(name, lost))
    desk.topic()[:] = [record for record in desk.topic() if record["key"] != lost]


@bad("no_lost_order", "no_phantom_order")
def a_key_leads_nowhere(desk):
    desk.rows("keys").remove(desk.row("keys", first(desk)))


@bad("no_lost_order", "no_phantom_order", "orders_owned")
def an_order_is_somebody_elses(desk):
    desk.row("orders", first(desk))["customer_id"] = "dan"


@bad("no_phantom_order")
def an_order_was_refused_and_is_there(desk):
    for operation in desk.history:
        if operation["key"] == "k4":
            operation.update(outcome="fail", value={"code": "invalid-request"})
            operation["attempts"][-1].update(status=400, code="invalid-request")


@bad("one_order_a_key", "no_phantom_order", "no_lost_order")
def a_key_made_two_orders(desk):
    row = copy.deepcopy(desk.row("keys", first(desk)))
    second = desk.operation("order", 2)["value"]["id"]
    desk.row("keys", second)["key"] = row["key"]


@bad("one_order_a_key")
def an_order_has_two_keys(desk):
    desk.rows("keys").append(desk.row("keys", first(desk)) | {"key": "k9"})


@bad("one_order_a_key")
def a_repeat_was_told_something_else(desk):
    again(desk, "order", status="Order Cancelled")


@bad("one_order_a_key")
def another_payload_was_taken_under_a_used_key(desk):
    operation = desk.operation("another")
    operation.update(outcome="ok", value=desk.operation("order")["value"])
    operation["attempts"][-1].update(status=202, code=None)


@bad("one_order_a_key")
def another_payload_was_refused_for_another_reason(desk):
    desk.operation("another")["attempts"][-1].update(status=404, code="not-found")


@bad("one_order_a_key")
def a_key_was_called_used_that_only_had_this_order(desk):
    operation = again(desk, "order")
    operation.update(outcome="fail", value={"code": "idempotency-key-reuse"}, key="k4")
    operation["args"] = desk.operation("order", 4)["args"]
    operation["attempts"][-1].update(status=422, code="idempotency-key-reuse")


@bad(
    "events_equal_orders",
    "no_phantom_event",
    "timeline_equals_events",
    "timelines_gapless",
    "statuses_told",
    "cancels_answered",
)
def an_order_lacks_its_second_event(desk):
    desk.rows("outbox").remove(desk.row("outbox", bobs(desk), 2))


@bad("events_equal_orders", "no_lost_event", "timeline_equals_events", "timelines_gapless", "statuses_told")
def two_wrote_one_version(desk):
    """The second was told of the first one's version."""
    event = desk.row("outbox", bobs(desk), 2) | {"event_id": "e-other", "type": "InventoryRequested"}
    desk.rows("outbox").append(event)


@bad("events_equal_orders")
def the_books_say_where_it_does_not_stand(desk):
    desk.row("orders", bobs(desk))["status"] = "Order Created"


@bad("events_equal_orders", "no_lost_event", "timeline_equals_events")
def an_event_was_committed_without_its_order(desk):
    desk.rows("outbox").append(desk.row("outbox", first(desk)) | {"event_id": "e-x", "order_id": "0190-999999"})


@bad("events_equal_orders")
def an_event_stands_twice_in_the_outbox(desk):
    event = desk.row("outbox", first(desk))
    desk.rows("outbox").append(event | {"order_id": "0190-999999"})


@bad("events_equal_orders", "statuses_told", "timelines_gapless", "cancels_answered")
def an_order_was_confirmed_out_of_nothing(desk):
    for row in (desk.row("outbox", bobs(desk), 2), desk.row("timeline", bobs(desk), 2)):
        row["type"] = "OrderConfirmed"
    for record in desk.records_of(bobs(desk), 2):
        told(record, type="OrderConfirmed")
        record["headers"][1][1] = "OrderConfirmed"


@bad("no_lost_event")
def an_event_is_marked_and_was_never_told(desk):
    untell(desk, bobs(desk), 2)


@bad("no_lost_event")
def an_event_still_waits(desk):
    untell(desk, bobs(desk), 2)
    desk.row("outbox", bobs(desk), 2)["published"] = False


@bad("no_phantom_event")
def an_event_was_told_that_was_never_committed(desk):
    ghost = copy.deepcopy(desk.record(first(desk)))
    told(ghost, event_id="e-ghost", aggregate_id="0190-999999")
    desk.topic().append(ghost)


@bad("no_phantom_event")
def a_record_is_no_event(desk):
    desk.topic().append(desk.record(first(desk)) | {"value": "{"})


@bad("no_phantom_event")
def a_record_is_bytes_that_are_no_text(desk):
    desk.topic().append(desk.record(first(desk)) | {"value": "/w==", "encoding": "base64"})


@bad("no_phantom_event")
def a_record_has_another_key(desk):
    desk.record(first(desk))["key"] = "0190-000001x"


@bad("no_phantom_event")
def a_records_headers_say_something_else(desk):
    desk.record(first(desk))["headers"] = [["event-id", "e-1"], ["type", "OrderCreated"]]


@bad("no_phantom_event")
def a_record_tells_another_type(desk):
    told(desk.record(first(desk)), type="InventoryRequested")


@bad("no_phantom_event", "events_in_order")
def a_record_tells_of_another_version(desk):
    told(desk.record(bobs(desk), 2), aggregate_version=7)


@bad("told_as_ordered")
def an_order_was_told_to_be_anothers(desk):
    told(desk.record(bobs(desk)), data={"customer_id": "ann", "account_id": "bob", "lines": []})


@bad("events_in_order")
def the_second_event_was_told_first(desk):
    one, two = desk.record(bobs(desk)), desk.record(bobs(desk), 2)
    topic = desk.topic()
    here, there = topic.index(one), topic.index(two)
    topic[here], topic[there] = two, one


@bad("events_in_order")
def an_orders_events_are_in_two_partitions(desk):
    desk.record(bobs(desk), 2)["partition"] += 1


@bad("timeline_equals_events")
def the_timeline_has_an_event_twice(desk):
    desk.rows("timeline").append(dict(desk.row("timeline", first(desk))))


@bad("timeline_equals_events")
def the_timeline_lacks_an_event(desk):
    desk.rows("timeline").remove(desk.row("timeline", first(desk)))


@bad("timeline_equals_events")
def the_timeline_has_what_never_happened(desk):
    desk.rows("timeline").append(desk.row("timeline", first(desk)) | {"event_id": "e-x"})


@bad("timeline_equals_events")
def the_timeline_has_an_event_as_another(desk):
    desk.row("timeline", bobs(desk), 2)["order_version"] = 3


@bad("nothing_parked")
def a_record_was_parked(desk):
    row = {"topic": "order.events", "partition": 0, "record_offset": 3, "reason": "no JSON", "replayed": False}
    desk.rows("parked").append(row)


@bad("told_as_ordered")
def other_lines_were_told_than_were_ordered(desk):
    told(desk.record(first(desk)), data={"customer_id": "ann", "account_id": "ann", "lines": []})


@bad("told_as_ordered")
def a_holds_token_was_told(desk):
    second = desk.operation("order", 2)["value"]["id"]
    lines = [{"show_id": "hamlet", "hold_id": "h-1", "quantity": 1, "token": "secret"}]
    told(desk.record(second), data={"customer_id": "ann", "account_id": "ann", "lines": lines})


@bad("audit_proven")
def the_audit_finds_something_else(desk):
    [rule] = desk.proof.audit.rules
    broken = type(rule)(rule.name, rule.rule, 9, proven=False, offenders=[{"order_id": "x"}])
    desk.proof = type(desk.proof)(desk.proof.command, 1, type(desk.proof.audit)(proven=False, rules=[broken]))


@pytest.mark.parametrize(("caught_by", "damage"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_caught(desk, caught_by, damage) -> None:
    damage(desk)
    findings = desk.judge()
    invalid = {rule for rule, finding in findings.items() if finding.verdict == "invalid"}
    assert invalid == caught_by, {rule: findings[rule].observed for rule in invalid}
    assert all(findings[rule].witness for rule in caught_by)


def test_every_rule_has_two_bad_histories(order_rules) -> None:
    cases = [*CASES.values(), *ANSWERS["CASES"].values()]
    counts = {rule: sum(rule in caught_by for caught_by, _ in cases) for rule in order_rules - JUDGING}
    assert {rule for rule, count in counts.items() if count < 2} == {"audit_proven", "nothing_parked"}, (
        "which is simple"
    )
