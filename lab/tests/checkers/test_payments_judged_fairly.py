"""What a right wallet may do is no violation, however odd it looks."""

import pytest


def test_an_unknown_payment_may_or_may_not_have_happened(bank):
    args = {"from_account_id": "alice", "to_account_id": "bob", "amount_minor": 1}
    bank.tell("transfer", "maybe-not", args, None, (170, 180, 0, "timeout"))
    bank.transfer("maybe", "alice", "bob", 1, (170, 180, 0, "timeout")).update(outcome="unknown", value=None)
    bank.history[-1]["attempts"] = [{"call_ns": 170, "return_ns": 180, "status": 0, "code": "timeout"}]
    assert bank.invalid() == set()


def test_another_payload_that_came_first_has_the_key(bank):
    args = {"operation": "transfer", "from_account_id": "alice", "to_account_id": "bob", "amount_minor": 2}
    bank.do("another", "late", args, (175, 180))
    bank.transfer("late", "alice", "bob", 1, (170, 185))
    assert bank.history[-1]["value"]["code"] == "idempotency-key-reuse"
    assert bank.invalid() == set()


def test_another_payload_that_was_tried_before_the_first_was_decided_may_be_refused_for_its_own_sake(bank):
    args = {"operation": "refund", "charge_key": "nothing", "amount_minor": 31}
    bank.tell("another", "r1", args, (404, {"code": "not-found", "status": 404}), (62, 65))
    assert bank.invalid() == set()


def test_what_was_not_found_may_be_found_later_under_the_same_key(bank):
    refund = {"charge_key": "late", "amount_minor": 5}
    bank.do("refund", "early", refund, (170, 172))
    bank.charge("late", "alice", 10, (171, 175))
    bank.do("refund", "early", refund, (176, 180))
    assert [bank.history[place]["outcome"] for place in (-3, -2, -1)] == ["fail", "ok", "ok"]
    assert bank.invalid() == set()


def test_a_decline_that_is_told_again_is_judged_from_its_first_call(bank):
    """Decided while there was too little, and told again when there was enough."""
    bank.tell("transfer", "t2", bank.operation("t2")["args"], (402, bank.operation("t2")["value"]), (170, 180))
    bank.do("deposit", "d2", {"account_id": "alice", "amount_minor": 500}, (161, 165))
    assert bank.invalid() == set()


def test_so_is_the_decline_of_another_payload_that_has_the_key(bank):
    args = {"operation": "transfer", "from_account_id": "carol", "to_account_id": "bob", "amount_minor": 31}
    bank.do("another", "free", args, (113, 114, 0, "timeout"), (161, 165))
    bank.do("another", "free", args, (170, 180))
    bank.do("deposit", "d2", {"account_id": "carol", "amount_minor": 500}, (141, 145))
    assert bank.invalid() == set()


@pytest.mark.parametrize("at", [(150, 150), (111, 160)])
def test_what_is_held_for_good_counts_against_a_decline(bank, at):
    """h3 is authorised and never ended, so carol has 7 less than her postings say."""
    bank.wallet.has = lambda *_: False
    bank.transfer("no", "carol", "bob", 24, at)
    assert bank.invalid() == set()


def test_a_void_that_nobody_heard_of_may_still_hold_the_money(bank):
    bank.operation("v2").update(outcome="unknown", value=None)
    bank.wallet.has = lambda *_: False
    bank.charge("no", "carol", 21, (136, 139))
    assert bank.invalid() == set()


def test_a_whole_capture_needs_no_amount(bank):
    bank.do("capture", "p3", {"charge_key": "h3"}, (170, 180))
    bank.row("p3")["amount_minor"] = None
    assert bank.invalid() == set()


def test_an_answer_that_is_stored_no_more_is_no_difference(bank):
    for row in bank.wallet.rows["operations"]:
        row["body"] = None
    assert bank.invalid() == set()
