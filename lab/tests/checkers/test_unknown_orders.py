"""Where the evidence does not carry a rule over orders the verdict is unknown, and says why; never green."""

import pytest

OVER_LEDGERS = {
    "cancels_answered",
    "events_equal_orders",
    "no_lost_event",
    "no_lost_order",
    "no_phantom_event",
    "no_phantom_order",
    "one_order_a_key",
    "orders_owned",
    "statuses_told",
    "timeline_equals_events",
    "timelines_gapless",
}
OVER_TOPIC = {"events_in_order", "no_lost_event", "no_phantom_event", "orders_raced", "told_as_ordered"}


def unknown(findings):
    assert all(finding.verdict != "invalid" for finding in findings.values())
    return {name: finding.observed for name, finding in findings.items() if finding.verdict == "unknown"}


def test_without_a_history_everything_is_unknown(desk, order_rules):
    desk.write()
    desk.directory.history.unlink()
    assert unknown(desk.findings()) == dict.fromkeys(order_rules, "history.jsonl is missing")


@pytest.mark.parametrize("name", ["orders", "outbox", "timeline", "keys"])
def test_a_missing_ledger_is_unknown_to_every_rule_over_ledgers(desk, name):
    desk.write()
    desk.directory.ledger(f"order.{name}").unlink()
    assert unknown(desk.findings()) == dict.fromkeys(OVER_LEDGERS, f"ledger order.{name} is missing")


def test_what_was_parked_is_unknown_without_its_ledger(desk):
    desk.write()
    desk.directory.ledger("order.parked").unlink()
    assert unknown(desk.findings()) == {"nothing_parked": "ledger order.parked is missing"}


def test_a_shop_without_an_order_shows_nothing(desk):
    desk.write()
    desk.directory.ledger("order.orders").write_text("")
    assert unknown(desk.findings()) == dict.fromkeys(OVER_LEDGERS, "ledger order.orders is empty: nothing was ordered")


def test_a_topic_that_was_not_read_is_unknown_to_every_rule_over_it(desk):
    desk.write()
    desk.directory.topic("order.events").unlink()
    assert unknown(desk.findings()) == dict.fromkeys(OVER_TOPIC, "topic order.events is missing")


@pytest.mark.parametrize("line", ['{"partition": 0', '{"partition": "x"}', "[]"])
def test_a_damaged_topic_is_unknown(desk, line):
    desk.write()
    with desk.directory.topic("order.events").open("a") as topic:
        topic.write(line)
    findings = unknown(desk.findings())
    assert set(findings) == OVER_TOPIC
    assert all("topic order.events is damaged at byte" in observed for observed in findings.values())


def test_records_out_of_their_order_are_no_evidence_of_one(desk):
    desk.write()
    lines = desk.directory.topic("order.events").read_text().splitlines()
    desk.directory.topic("order.events").write_text("\n".join([lines[-1], *lines[:-1], ""]))
    assert set(unknown(desk.findings())) == OVER_TOPIC


def test_an_empty_topic_is_a_loss_where_something_was_committed(desk):
    desk.topic().clear()
    findings = desk.judge()
    assert {name for name, finding in findings.items() if finding.verdict == "invalid"} == {"no_lost_event"}
    nothing = "topic order.events is empty: nothing was told"
    assert findings["events_in_order"].observed == findings["no_phantom_event"].observed == nothing


def without(desk, *kinds):
    """Take operations out of the history, and what came of them out of the books."""
    desk.history = [operation for operation in desk.history if operation["f"] not in kinds]


def test_nobody_looked_at_anothers_order(desk):
    without(desk, "trespass")
    assert unknown(desk.judge()) == {"orders_owned": "nobody who asked about another's order was answered"}


def test_nobody_listed_orders(desk):
    without(desk, "list")
    assert unknown(desk.judge()) == {"pages_complete": "nobody listed orders"}


@pytest.mark.parametrize("kind", ["timeline", "follow"])
def test_nobody_read_a_timeline_or_followed_an_order(desk, kind):
    without(desk, kind)
    assert set(unknown(desk.judge())) == {"timelines_gapless"}


def test_who_comes_alone_races_with_nobody(desk):
    for number, operation in enumerate(desk.history):
        operation["attempts"] = [operation["attempts"][-1] | {"call_ns": number * 10, "return_ns": number * 10 + 1}]
    findings = desk.judge()
    assert findings["orders_raced"].verdict == "unknown"
    assert "0 keys were sent twice at once, 0 orders cancelled twice at once" in findings["orders_raced"].observed


def test_lines_that_are_unreadable_may_explain_what_nobody_asked_for(desk):
    lost = next(each for each in desk.history if each["key"] == "k5")
    desk.history.remove(lost)
    desk.write()
    with desk.directory.history.open("a") as history:
        history.write('{"op": 99, "cl')
    assert set(unknown(desk.findings())) == {"no_phantom_order", "history_whole"}


def test_lines_that_are_unreadable_may_have_been_wishes(desk):
    without(desk, "cancel")
    desk.write()
    with desk.directory.history.open("a") as history:
        history.write('{"op": 99, "cl')
    assert {"cancels_answered", "history_whole"} <= set(unknown(desk.findings()))
