"""Where the evidence does not carry a rule the verdict is unknown, and says why; never green."""

import json

import pytest

from trivet_lab.checkers import all_checkers, check_variant

LEDGER_RULES = {
    "contention",
    "fences_drawn",
    "fences_monotone",
    "no_lost_purchase",
    "no_oversell",
    "no_phantom_purchase",
    "one_row_a_key",
    "refusals_legal",
    "stock_conserved",
    "stock_never_negative",
    "supply_as_planned",
}


def unknown(findings) -> dict[str, str]:
    assert all(finding.verdict != "invalid" for finding in findings.values())
    return {name: finding.observed for name, finding in findings.items() if finding.verdict == "unknown"}


def test_without_a_history_everything_is_unknown(sale, sale_rules) -> None:
    sale.write()
    sale.directory.history.unlink()
    findings = unknown(sale.findings())
    assert set(findings) == sale_rules
    assert set(findings.values()) == {"history.jsonl is missing"}


@pytest.mark.parametrize("content", ["", "\n\n", '{"op": 1'])
def test_an_empty_history_shows_nothing(sale, sale_rules, content) -> None:
    sale.write()
    sale.directory.history.write_text(content)
    findings = unknown(sale.findings())
    assert set(findings) == sale_rules
    assert all("empty" in observed for observed in findings.values())


@pytest.mark.parametrize("name", ["items", "purchases", "restocks"])
def test_a_missing_ledger_is_unknown_to_every_rule_over_ledgers(sale, name) -> None:
    sale.write()
    sale.directory.ledger(f"inventory.{name}").unlink()
    findings = unknown(sale.findings())
    assert findings == dict.fromkeys(LEDGER_RULES, f"ledger inventory.{name} is missing")


@pytest.mark.parametrize("line", ['{"id": "x"', '{"id": 7}', "[]"])
def test_a_damaged_ledger_is_unknown(sale, line) -> None:
    sale.write()
    with sale.directory.ledger("inventory.items").open("a") as ledger:
        ledger.write(line)
    findings = unknown(sale.findings())
    assert set(findings) == LEDGER_RULES
    assert all("inventory.items is damaged at byte" in observed for observed in findings.values())


def test_without_items_nothing_can_be_judged(sale) -> None:
    sale.items.clear()
    assert unknown(sale.judge()) == dict.fromkeys(LEDGER_RULES, "ledger inventory.items is empty")


def test_an_empty_ledger_says_that_what_was_acknowledged_is_lost(sale) -> None:
    sale.purchases.clear()
    findings = sale.judge()
    assert {name for name, finding in findings.items() if finding.verdict == "invalid"} == {"no_lost_purchase"}
    others = LEDGER_RULES - {"no_lost_purchase"}
    assert {findings[name].observed for name in others} == {"ledger inventory.purchases is empty: nothing was sold"}
    assert {findings[name].verdict for name in others} == {"unknown"}


def test_a_sale_that_sold_nothing_shows_nothing(sale) -> None:
    sale.purchases.clear()
    sale.restocks.clear()
    sale.history = [sale.operation("k3"), sale.operation("k5")]
    findings = sale.judge()
    assert set(unknown(findings)) == LEDGER_RULES


def test_no_restock_is_nothing_unusual(sale) -> None:
    sale.history = [operation for operation in sale.history if operation["key"] in {"k6", "k7"}]
    sale.purchases = [row for row in sale.purchases if row["item_id"] == "cold"]
    sale.restocks.clear()
    sale.items = [sale.item("cold")]
    del sale.planned["hot"]
    sale.faults[0] |= {"effective_ns": 62, "healed_ns": 95}
    assert set(unknown(sale.judge())) == {"contention"}


def test_without_a_fence_the_rule_says_that_it_had_nothing_to_compare(sale) -> None:
    for row in sale.purchases:
        row["fence"] = None
    finding = sale.judge()["fences_monotone"]
    assert (finding.verdict, finding.observed) == ("valid", "no fence was drawn, so there is nothing to compare")


@pytest.mark.parametrize("content", [None, "", '{"items": 1}'])
def test_without_its_plan_nobody_says_what_was_put_on_sale(sale, content) -> None:
    sale.write()
    sale.directory.plan.unlink()
    if content is not None:
        sale.directory.plan.write_text(content)
    findings = unknown(sale.findings())
    assert set(findings) == {"supply_as_planned"}
    assert "plan.json is" in findings["supply_as_planned"]


def test_without_a_refusal_nothing_was_scarce(sale) -> None:
    sale.history = [operation for operation in sale.history if operation["outcome"] == "ok"]
    findings = sale.judge()
    assert unknown(findings) == {"contention": "nobody was refused: nothing was scarce"}
    assert findings["refusals_legal"].observed == "nobody was refused"


def test_one_customer_at_a_time_is_no_contention(sale) -> None:
    for place, operation in enumerate(sale.history):
        for turn, attempt in enumerate(operation["attempts"]):
            attempt["call_ns"] = place * 100 + turn * 10
            attempt["return_ns"] = place * 100 + turn * 10 + 5
    finding = sale.judge()["contention"]
    assert finding.verdict == "unknown"
    assert "none competed" in finding.observed


def test_contention_names_the_item_and_how_many_were_in_flight(sale) -> None:
    observed = sale.judge()["contention"].observed
    assert observed == (
        "1 of 1 items that ran short were competed for; most at hot: "
        "4 purchases in flight when it sold out; 2 refused in all"
    )


def only(sale, *keys: str) -> None:
    sale.history = [operation for operation in sale.history if operation["key"] in keys]


def test_an_item_that_is_too_short_for_somebody_counts_as_sold_out(sale) -> None:
    sale.buy("c0", "cold", 5, (200, 220, 200))
    sale.refuse("c1", "cold", 2, 210, 230)
    only(sale, "c0", "c1", "k6", "k7")
    assert "most at cold: 2 purchases in flight when it sold out" in sale.judge()["contention"].observed


def test_who_comes_as_another_leaves_does_not_compete(sale) -> None:
    sale.buy("c0", "cold", 6, (200, 220, 200))
    sale.refuse("c1", "cold", 1, 220, 230)
    only(sale, "c0", "c1", "k6", "k7")
    assert "none competed" in sale.judge()["contention"].observed


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "load.json is missing"),
        ("{", "load.json is damaged"),
        ('{"cpu_share": 0.1}', "load.json is damaged"),
        ('{"over_budget": ["lateness: 40 ms of 10 ms"], "lateness_ms": 40.5}', "lateness: 40 ms of 10 ms"),
        ('{"over_budget": [], "interrupted": true}', "it was interrupted"),
        ('{"over_budget": ["cpu"], "cpu_share": 0.99, "lateness_ms": {"p99": 1}}', "cpu; lateness in ms: p99 1"),
    ],
)
def test_a_generator_that_was_late_or_silent_measured_itself(sale, content, says) -> None:
    sale.write()
    sale.directory.load.unlink()
    if content is not None:
        sale.directory.load.write_text(content)
    findings = unknown(sale.findings())
    assert set(findings) == {"generator_on_time"}
    assert says in findings["generator_on_time"]


@pytest.mark.parametrize(("count", "verdict"), [(1, "valid"), (2, "unknown")])
def test_more_than_one_unknown_in_a_hundred_is_unknown(sale, count, verdict) -> None:
    for number in range(count):
        sale.add("unknown", "buy", f"u{number}", "cold", 1, (200, 210, 0, "timeout"))
    while len(sale.history) < 100:
        sale.add("fail", "buy", f"f{len(sale.history)}", "cold", 1, (200, 210, 429, "lock-busy"))
    finding = sale.judge()["answers_complete"]
    assert finding.verdict == verdict
    assert f"{count} of 100 operations are unknown ({count}.00%), last seen: {count} timeout" in finding.observed


@pytest.mark.parametrize("outcome", ["unknown", "fail"])
def test_what_nobody_pursues_counts_neither_as_unknown_nor_as_answered(sale, outcome) -> None:
    sale.history = sale.history[:1]
    sale.add("unknown", "buy", "u", "cold", 1, (200, 210, 0, "timeout"))
    for number in range(300):
        sale.add(outcome, "attack", f"a{number}", "cold", 1, (200, 210, 0, "cut"))
    finding = sale.judge()["answers_complete"]
    assert finding.verdict == "unknown"
    assert "1 of 2 operations are unknown (50.00%), last seen: 1 timeout" in finding.observed


def test_where_nobody_waits_for_an_answer_none_is_complete(sale) -> None:
    sale.history = []
    sale.add("unknown", "attack", "a", "cold", 1, (200, 210, 0, "cut"))
    finding = sale.judge()["answers_complete"]
    assert (finding.verdict, finding.observed) == ("unknown", "nobody waited for an answer")


def twice(sale) -> None:
    sale.operation("k8")["op"] = 1


def returned_before_its_call(sale) -> None:
    sale.operation("k8")["attempts"][0].update(call_ns=100, return_ns=99)


def retried_before_the_first_call(sale) -> None:
    sale.operation("k1")["attempts"][1].update(call_ns=4)


def sent_two_payloads(sale) -> None:
    operation = sale.add("fail", "buy", "k6", "cold", 2, (100, 101, 422, "idempotency-key-reuse"))
    operation["client"] = 1


def succeeded_without_an_answer(sale) -> None:
    sale.operation("k6")["value"] = None


def was_never_sent(sale) -> None:
    sale.operation("k8")["attempts"] = []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (twice, "operation number 1 stands twice"),
        (returned_before_its_call, "returned before its call"),
        (retried_before_the_first_call, "returned before its call"),
        (sent_two_payloads, "key k6 was sent with two payloads"),
        (succeeded_without_an_answer, "succeeded without an answer"),
        (was_never_sent, "has no attempt"),
    ],
)
def test_a_damaged_history_proves_nothing(sale, damage, says) -> None:
    damage(sale)
    findings = unknown(sale.judge())
    assert set(findings) == {"history_whole"}
    assert says in findings["history_whole"]


def test_a_refusal_that_is_gone_without_a_trace_is_missed(sale) -> None:
    sale.load["ended"] = {"ok": 7, "fail": 3}
    assert unknown(sale.judge()) == {}
    sale.history.remove(sale.operation("k8"))
    says = "the load generator counted 7 ok, 3 fail, 0 unknown, the history holds 7 ok, 2 fail, 0 unknown"
    assert unknown(sale.judge()) == {"history_whole": says}


def test_numbers_that_stand_twice_are_seen_across_batches(sale) -> None:
    for number in range(5_000):
        sale.add("fail", "buy", f"f{number}", "cold", 1, (200, 210, 429, "lock-busy"))
    sale.history[-1]["op"] = 0
    assert "operation number 0 stands twice" in unknown(sale.judge())["history_whole"]


def test_a_blank_line_is_no_damage(sale) -> None:
    sale.write()
    with sale.directory.history.open("a") as history:
        history.write("\n")
    assert unknown(sale.findings()) == {}


def test_a_torn_line_may_have_been_the_one_that_explains_a_row(sale) -> None:
    sale.write()
    text = sale.directory.history.read_text().splitlines(keepends=True)
    torn = next(place for place, line in enumerate(text) if json.loads(line)["key"] == "k6")
    text[torn] = text[torn][:40] + "\n"
    sale.directory.history.write_text("".join(text))
    findings = unknown(sale.findings())
    assert set(findings) == {"history_whole", "no_phantom_purchase"}
    assert "1 lines are unreadable" in findings["history_whole"]


def test_a_torn_line_does_not_excuse_more_rows_than_it_can_explain(sale) -> None:
    sale.history.remove(sale.operation("k6"))
    sale.history.remove(sale.operation("k7"))
    sale.write()
    with sale.directory.history.open("a") as history:
        history.write('{"op": 99, "cl')
    findings = sale.findings()
    assert findings["no_phantom_purchase"].verdict == "invalid"
    assert findings["history_whole"].verdict == "unknown"


@pytest.mark.parametrize("step", ["__init__", "read", "finish"])
def test_a_rule_that_fails_is_unknown_and_stops_no_other(sale, monkeypatch, step) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("out of luck")

    sale.write()
    monkeypatch.setattr(all_checkers()["no_oversell"], step, fail)
    findings = unknown(sale.findings())
    assert findings == {"no_oversell": "the checker failed: ZeroDivisionError: out of luck"}


def test_an_unforeseen_history_makes_rules_fail_and_none_pass(sale) -> None:
    for operation in sale.history:
        operation["args"] = {}
    findings = unknown(sale.judge())
    assert {"no_lost_purchase", "refusals_legal", "contention"} <= set(findings)


def test_only_the_named_rules_are_asked_in_their_order(sale) -> None:
    sale.write()
    names = ["refusals_legal", "contention"]
    assert [finding.name for finding in check_variant(sale.directory, names)] == names
    with pytest.raises(LookupError, match="no such checker: no_such; there are accounts_pay_orders, answers_complete"):
        check_variant(sale.directory, ["contention", "no_such"])
