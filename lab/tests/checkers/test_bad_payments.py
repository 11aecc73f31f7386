"""Each rule over the wallet is fed what it exists for, made by hand, and has to be the one that catches it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

Damage = Callable[[Any], object]
CASES: list[tuple[str, set[str], Damage]] = []


def bad(*caught_by: str) -> Callable[[Damage], Damage]:
    """Register a damage to the right history, and the rules that catch it, and no other."""

    def register(damage: Damage) -> Damage:
        CASES.append((damage.__name__, set(caught_by), damage))
        return damage

    return register


def test_a_right_history_is_valid(bank, bank_rules) -> None:
    findings = bank.judge()
    assert {name: finding.observed for name, finding in findings.items() if finding.verdict != "valid"} == {}
    assert set(findings) == bank_rules
    assert all(finding.witness == [] for finding in findings.values())


@bad("money_conserved", "balances_equal_postings")
def a_balance_was_overwritten(bank):
    """Two writers read one balance, and the later one wrote it without the earlier one's change."""
    bank.wallet.accounts["bob"]["balance_minor"] += 30


@bad("money_conserved", "balances_equal_postings")
def money_vanished(bank):
    bank.wallet.accounts["shop"]["balance_minor"] -= 1


@bad("money_conserved", "balances_equal_postings")
def money_came_from_nowhere(bank):
    """All balances add up, and nobody paid it in."""
    bank.wallet.accounts["external-eur"]["balance_minor"] -= 7
    bank.wallet.accounts["alice"]["balance_minor"] += 7


@bad("balances_equal_postings")
def what_is_held_is_of_no_charge(bank):
    bank.wallet.accounts["carol"]["held_minor"] += 3


@bad("balances_equal_postings", "no_lost_payment")
def a_posting_is_gone(bank):
    bank.wallet.rows["postings"].remove(bank.postings("t3")[1])


@bad("balances_equal_postings", "no_phantom_payment")
def a_transaction_without_postings(bank):
    bank.wallet.rows["transactions"].append({"transaction_id": "x", "kind": "transfer", "operation_id": "y"})


@bad("never_overdrawn")
def money_was_spent_twice_and_came_back(bank):
    """At the end everything is right; only the order of commits tells."""
    first, second = bank.postings("t1")[0], bank.postings("opening-alice")[1]
    first["account_version"], second["account_version"] = second["account_version"], first["account_version"]
    bank.history = [operation for operation in bank.history if operation["key"] not in ("t2", "t4")]
    bank.wallet.rows["operations"] = [row for row in bank.wallet.rows["operations"] if row["key"] not in ("t2", "t4")]


@bad("never_overdrawn")
def a_merchant_gave_more_back_than_they_had(bank):
    """A right ledger of a wrong decision."""
    bank.wallet.has = lambda *_: True
    bank.transfer("steal", "shop", "bob", 60, (170, 180))


@bad("never_overdrawn")
def a_customer_paid_what_they_did_not_have(bank):
    bank.wallet.has = lambda *_: True
    bank.transfer("steal", "carol", "bob", 60, (170, 180))


@bad("never_overdrawn")
def more_is_held_than_there_is(bank):
    bank.wallet.has = lambda *_: True
    bank.charge("too-much", "carol", 500, (170, 180), capture=False)


@bad("no_lost_payment")
def an_acknowledged_transfer_left_no_row(bank):
    args = {"from_account_id": "alice", "to_account_id": "bob", "amount_minor": 1}
    bank.tell("transfer", "lost", args, (201, {"transfer_id": "x", "transaction_id": "y", **args}), (170, 180))


@bad("no_lost_payment")
def a_row_moved_another_amount_than_it_says(bank):
    """Postings that add up are not enough: they have to be what was acknowledged."""
    taken, given = bank.postings("t3")
    taken["amount_minor"], given["amount_minor"] = -29, 29
    bank.wallet.accounts["bob"]["balance_minor"] += 1
    bank.wallet.accounts["carol"]["balance_minor"] -= 1


@bad("no_lost_payment")
def the_stored_answer_is_another(bank):
    bank.row("d1")["body"] = '{"deposit_id": "other"}'


@bad("no_lost_payment")
def the_money_went_to_somebody_else(bank):
    bank.postings("d1")[1].update(account_id="shop", account_version=None)
    bank.wallet.accounts["shop"]["balance_minor"] += 5
    bank.wallet.accounts["alice"]["balance_minor"] -= 5


@bad("no_lost_payment", "no_phantom_payment")
def the_scenarios_own_deposit_was_smaller(bank):
    bank.planned[1]["opening_minor"] += 1


@bad("no_phantom_payment")
def a_refused_transfer_moved_money(bank):
    operation = bank.transfer("ghost", "alice", "bob", 1, (170, 180))
    operation["outcome"] = "fail"
    operation["value"] = {"code": "not-found", "status": 404}
    operation["attempts"][0].update(status=404, code="not-found")


@bad("no_phantom_payment")
def nobody_asked_for_it(bank):
    bank.transfer("ghost", "alice", "bob", 1, (170, 180))
    bank.history.pop()


@bad("no_phantom_payment")
def an_unknown_one_asked_for_less(bank):
    operation = bank.transfer("ghost", "alice", "bob", 2, (170, 180))
    operation.update(outcome="unknown", value=None, args=operation["args"] | {"amount_minor": 1})
    operation["attempts"][0].update(status=0, code="timeout")


@bad("one_effect_a_key")
def a_key_has_two_rows(bank):
    bank.wallet.rows["operations"].append(bank.row("t3") | {"operation_id": "second", "transaction_id": None})


@bad("one_effect_a_key")
def a_repeated_request_was_told_something_else(bank):
    """The charge's state is what it was when the answer was stored."""
    args = bank.operation("c1")["args"]
    bank.tell("charge", "c1", args, (201, bank.operation("c1")["value"]), (170, 180))
    bank.tell("charge", "c1", args, (402, {"code": "insufficient-funds", "status": 402}), (170, 180))


@bad("one_effect_a_key")
def another_payload_was_told_done(bank):
    args = {"operation": "transfer", "from_account_id": "alice", "to_account_id": "bob", "amount_minor": 62}
    bank.do("another", "t1", args, (30, 35)).update(outcome="fail")
    bank.history[-1]["attempts"][0].update(status=402, code="insufficient-funds")


@bad("one_effect_a_key")
def another_payload_was_taken_for_an_unknown_charge(bank):
    args = {"operation": "refund", "charge_key": "c1", "amount_minor": 31}
    bank.tell("another", "r1", args, (404, {"code": "not-found", "status": 404}), (80, 85))


@bad("one_effect_a_key")
def it_was_served_and_refused(bank):
    bank.operation("t3")["attempts"].insert(
        0, {"call_ns": 1, "return_ns": 2, "status": 402, "code": "insufficient-funds"}
    )


@bad("refunds_within_captures")
def more_was_refunded_than_captured(bank):
    bank.wallet.may_refund = lambda *_: True
    bank.do("refund", "r3", {"charge_key": "c1", "amount_minor": 30}, (170, 180))


@bad("refunds_within_captures")
def a_charge_does_not_know_of_its_refund(bank):
    bank.wallet.charges["c1"]["refunded_minor"] = 0


@bad("refunds_within_captures", "voided_never_captured")
def a_voided_charge_was_captured(bank):
    bank.wallet.charges["h2"].update(state="voided")
    amount = {"charge_key": "h2", "amount_minor": 10}
    operation_id = bank.wallet._moving("capture", "late", "carol", "shop", 10, amount, bank.wallet.charges["h2"])
    bank.tell("capture", "late", amount, operation_id, (170, 180))
    bank.operation("late")["value"]["state"] = "captured"
    bank.row("late")["body"] = None
    bank.operation("late")["value"]["captured_minor"] = 10


@bad("voided_never_captured")
def the_void_of_a_captured_charge_was_acknowledged(bank):
    body = {"charge_key": "c1", "state": "voided", "released_minor": 0}
    bank.tell(
        "void",
        "late",
        {"charge_key": "c1"},
        bank.wallet._decide("void", "late", (200, body), charge_key="c1"),
        (170, 180),
    )


@bad("voided_never_captured")
def a_void_was_forgotten(bank):
    bank.wallet.charges["h2"]["state"] = "new"


def declined(bank, customer, amount, *span):
    """Refuse a charge, whatever there is."""
    bank.wallet.has = lambda *_: False
    bank.charge("no", customer, amount, span)


@bad("declines_legal")
def there_was_enough(bank):
    declined(bank, "alice", 1, 170, 180)


@bad("declines_legal")
def nothing_was_held_any_more(bank):
    """What was authorised is voided, and answered so, long before."""
    declined(bank, "carol", 21, 136, 139)


@bad("audits_consistent")
def an_audit_saw_money_twice(bank):
    bank.history[-1]["value"]["accounts"][1]["balance_minor"] += 5
    bank.history[-1]["value"]["accounts"][1]["available_minor"] += 5


@bad("audits_consistent")
def an_audit_saw_more_held_than_there_is(bank):
    account = next(each for each in bank.history[-1]["value"]["accounts"] if each["id"] == "carol")
    account.update(held_minor=500, available_minor=account["balance_minor"] - 500)


@bad("audit_proven")
def the_wallet_itself_finds_its_books_wrong(bank):
    """The lab sees nothing: what the audit looks at stands in no ledger."""
    [rule] = bank.proof.audit.rules
    wrong = msgspec.structs.replace(rule, proven=False, offenders=[{"account_id": "bob"}])
    audit = msgspec.structs.replace(bank.proof.audit, proven=False, rules=[rule, wrong])
    bank.proof = msgspec.structs.replace(bank.proof, exit=1, audit=audit)


@bad("audit_proven")
def an_audit_names_nobody_who_breaks_its_rule(bank):
    [rule] = bank.proof.audit.rules
    audit = msgspec.structs.replace(bank.proof.audit, proven=False, rules=[msgspec.structs.replace(rule, proven=False)])
    bank.proof = msgspec.structs.replace(bank.proof, exit=1, audit=audit)


@pytest.mark.parametrize(("caught_by", "damage"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_breaks_a_rule_is_caught_by_it(bank, caught_by, damage) -> None:
    damage(bank)
    findings = bank.judge()
    assert {name: found.observed for name, found in findings.items() if found.verdict == "invalid"}.keys() == caught_by
    for name in caught_by:
        assert findings[name].observed
        assert len(findings[name].witness) <= 10


def test_every_rule_that_can_be_broken_is_broken_twice(bank_rules) -> None:
    counts = {name: sum(name in caught_by for _, caught_by, _ in CASES) for name in bank_rules}
    of_evidence = {"answers_complete", "generator_on_time", "history_whole", "money_contended", "no_defects"}
    assert {name for name, count in counts.items() if count < 2} == of_evidence


def test_a_lost_update_is_shown_by_the_two_that_did_not_see_each_other(bank) -> None:
    first, second = bank.postings("t1")[0], bank.postings("p1")[0]
    second["account_version"] = first["account_version"]
    bank.wallet.accounts["alice"]["balance_minor"] += 60
    witness = bank.judge()["balances_equal_postings"].witness
    assert witness == [bank.operation("t1"), first, bank.operation("p1"), second]


def test_who_overdrew_is_shown_with_who_came_just_before(bank) -> None:
    bank.wallet.has = lambda *_: True
    bank.transfer("steal", "carol", "bob", 60, (170, 180))
    finding = bank.judge()["never_overdrawn"]
    before = bank.postings("t3")[1]
    assert finding.witness == [bank.operation("t3"), before, bank.operation("steal"), bank.postings("steal")[0]]
    assert "first: carol had -30 at version" in finding.observed
