"""Where the evidence does not carry a rule over the wallet the verdict is unknown, and says why; never green."""

import pytest

OVER_LEDGERS = {
    "balances_equal_postings",
    "declines_legal",
    "money_conserved",
    "never_overdrawn",
    "no_lost_payment",
    "no_phantom_payment",
    "one_effect_a_key",
    "refunds_within_captures",
    "voided_never_captured",
}


def unknown(findings):
    assert all(finding.verdict != "invalid" for finding in findings.values())
    return {name: finding.observed for name, finding in findings.items() if finding.verdict == "unknown"}


def test_without_a_history_everything_is_unknown(bank, bank_rules):
    bank.write()
    bank.directory.history.unlink()
    assert unknown(bank.findings()) == dict.fromkeys(bank_rules, "history.jsonl is missing")


@pytest.mark.parametrize("name", ["accounts", "charges", "operations", "postings", "transactions"])
def test_a_missing_ledger_is_unknown_to_every_rule_over_ledgers(bank, name):
    bank.write()
    bank.directory.ledger(f"wallet.{name}").unlink()
    assert unknown(bank.findings()) == dict.fromkeys(OVER_LEDGERS, f"ledger wallet.{name} is missing")


@pytest.mark.parametrize("line", ['{"operation_id": "x"', '{"operation_id": 7}', "[]"])
def test_a_damaged_ledger_is_unknown(bank, line):
    bank.write()
    with bank.directory.ledger("wallet.operations").open("a") as ledger:
        ledger.write(line)
    findings = unknown(bank.findings())
    assert set(findings) == OVER_LEDGERS
    assert all("wallet.operations is damaged at byte" in observed for observed in findings.values())


@pytest.mark.parametrize(
    ("name", "observed"),
    [
        ("accounts", "ledger wallet.accounts is empty"),
        ("postings", "wallet.postings is empty: no money was ever moved"),
    ],
)
def test_money_that_nobody_had_shows_nothing(bank, name, observed):
    bank.write()
    bank.directory.ledger(f"wallet.{name}").write_text("")
    findings = unknown(bank.findings())
    assert set(findings) == OVER_LEDGERS
    assert all(observed in sentence for sentence in findings.values())


@pytest.mark.parametrize("content", [None, "{", '{"errand": {"kind": "sale", "items": []}}'])
def test_without_a_plan_nobody_says_what_there_was(bank, content):
    bank.write()
    bank.directory.plan.unlink()
    if content is not None:
        bank.directory.plan.write_text(content)
    findings = unknown(bank.findings())
    assert set(findings) == {"declines_legal", "no_lost_payment", "no_phantom_payment"}
    assert all("plan.json is" in observed for observed in findings.values())


def test_without_an_audit_of_all_accounts_nobody_looked(bank):
    bank.history[-1]["value"]["next"] = "shop"
    assert "saw a part" in unknown(bank.judge())["audits_consistent"]
    bank.history.pop()
    assert unknown(bank.judge()) == {"audits_consistent": "no audit of all accounts was answered: nobody looked"}


def test_an_audit_that_cannot_be_read_is_no_audit(bank):
    bank.history[-1]["value"] = {"accounts": [{"id": "alice"}]}
    assert set(unknown(bank.judge())) == {"audits_consistent"}


def test_nothing_acknowledged_is_nothing_lost(bank):
    bank.history = [bank.operation("t2")]
    findings = bank.judge()
    assert findings["no_lost_payment"].verdict == "unknown"
    assert findings["no_lost_payment"].observed == "nothing was acknowledged, so nothing could be lost"


def test_who_comes_alone_competes_with_nobody(bank):
    declined, done = bank.operation("t4"), bank.operation("t3")
    bank.history = [declined]
    assert "each was alone at its account" in bank.judge()["money_contended"].observed
    bank.history = [done]
    assert bank.judge()["money_contended"].observed == "nobody was declined: nothing was scarce"


def test_lines_that_are_unreadable_may_explain_a_row(bank):
    bank.transfer("ghost", "alice", "bob", 1, (170, 180))
    bank.history.pop()
    bank.write()
    with bank.directory.history.open("a") as history:
        history.write('{"op": 99, "cl')
    findings = unknown(bank.findings())
    assert {"no_phantom_payment", "history_whole"} == set(findings)


def test_postings_without_an_order_are_no_ground_to_judge_declines(bank):
    """Two writers that both wrote version 2 are the naive wallet's, and other rules say so."""
    first, second = bank.postings("t1")[0], bank.postings("p1")[0]
    second["account_version"] = first["account_version"]
    finding = bank.judge()["declines_legal"]
    assert finding.verdict == "unknown"
    assert "the postings of alice do not follow from each other (2 declines)" in finding.observed
