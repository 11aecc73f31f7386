"""A checkout of which too little is known, or to which too little happened, is never called right."""

import pytest

PAUSED = '{"event":"failpoint","name":"order.saga.after_claim","action":"pause:%d","hit":3}; then it answered again'
NEEDS = {
    "order.orders": "all",
    "order.order_lines": "all",
    "order.sagas": {"checkout_raced"},
    "order.saga_steps": {"checkout_raced"},
    "inventory.stock_holds": "all",
    "inventory.stock_hold_lines": "all",
    "reservation.shows": "all",
    "reservation.settlements": "all",
    "wallet.charges": "all",
    "wallet.postings": {"accounts_pay_orders"},
    "wallet.accounts": {"accounts_pay_orders", "own_accounts_charged"},
}
"""Which rules read which ledger."""


def unknown(findings):
    return {name for name, finding in findings.items() if finding.verdict == "unknown"}


@pytest.mark.parametrize("ledger", NEEDS)
@pytest.mark.parametrize("content", [None, "{"])
def test_without_a_ledger_the_rules_that_read_it_are_unknown(till, checkout_rules, ledger, content) -> None:
    till.write()
    till.directory.ledger(ledger).unlink()
    if content is not None:
        till.directory.ledger(ledger).write_text(content)
    findings = till.findings()
    wanted = checkout_rules - {"checkout_raced"} if NEEDS[ledger] == "all" else NEEDS[ledger]
    assert unknown(findings) == set(wanted)
    assert not [name for name, finding in findings.items() if finding.verdict == "invalid"]


@pytest.mark.parametrize("ledger", ["order.orders", "order.sagas", "wallet.accounts"])
def test_where_nothing_was_nothing_was_right(till, ledger) -> None:
    till.rows(ledger).clear()
    assert unknown(till.judge())


def test_where_an_order_names_no_account_nobody_knows_who_was_to_pay(till, checkout_rules) -> None:
    del till.row("order.orders", order_id="o-goods")["account_id"]
    assert unknown(till.judge()) == checkout_rules - {"checkout_raced"}


def test_without_the_plan_nobody_knows_what_was_offered(till) -> None:
    till.write()
    till.directory.plan.unlink()
    assert unknown(till.findings()) == {"prices_as_offered", "checkout_raced"}


def test_where_no_order_got_a_price_prices_are_unknown(till) -> None:
    for row in till.rows("order.order_lines"):
        row["price_minor"] = None
    assert "prices_as_offered" in unknown(till.judge())


@pytest.mark.parametrize("event", ["declined", "cancel wished", "no answer", "refused"])
def test_without_one_of_what_is_hard_nothing_was_put_to_the_test(till, event) -> None:
    steps = till.rows("order.saga_steps")
    steps[:] = [step for step in steps if step["event"] != event]
    finding = till.judge()["checkout_raced"]
    assert (finding.verdict, finding.witness) == ("unknown", [])


def fault(name: str, evidence: str = "seen") -> dict[str, object]:
    return {
        "fault": name, "target": "order-saga-1", "asked_ns": 0, "effective_ns": 1, "healed_ns": 2, "evidence": evidence,
    }  # fmt: skip


def often(till, times: int) -> None:
    """Let everything that is hard have happened so often."""
    steps = till.rows("order.saga_steps")
    hard = ["o-both", "o-late", "o-race"]
    own = [step for step in steps if step["order_id"] in hard]
    for number in range(times):
        steps.extend(step | {"order_id": f"{step['order_id']}-{number}"} for step in own)


@pytest.mark.parametrize(
    ("times", "faults", "verdict"),
    [
        (0, [fault("cut_answer")], "valid"),
        (0, [fault("kill")], "unknown"),
        (60, [fault("kill")], "unknown"),
        (60, [fault("failpoint", PAUSED % 3000)], "valid"),
        (60, [fault("failpoint", PAUSED % 2000)], "unknown"),
        (60, [fault("failpoint", PAUSED % 3000) | {"effective_ns": None}], "unknown"),
        (20, [fault("failpoint", PAUSED % 3000)], "unknown"),
    ],
)
def test_a_run_under_faults_has_to_have_met_all_of_it_often(till, times, faults, verdict) -> None:
    often(till, times)
    till.faults = faults
    finding = till.judge()["checkout_raced"]
    assert finding.verdict == verdict, finding.observed


def test_a_torn_record_of_faults_says_nothing_of_what_was_put_to_the_test(till) -> None:
    till.write()
    till.directory.faults.write_text("{")
    assert unknown(till.findings()) == {"checkout_raced"}
