"""What a right shop may do is no violation, however odd it looks; what cannot be judged is told and not guessed."""

import pytest


def test_an_unknown_purchase_may_or_may_not_have_happened(sale) -> None:
    sale.add("unknown", "buy", "maybe-not", "hot", 1, (62, 99, 0, "timeout"))
    sale.operation("k7").update(outcome="unknown", value=None)
    assert sale.invalid() == set()


def test_purchases_without_keys_are_found_by_their_answers(sale) -> None:
    sale.operation("k6")["key"] = sale.row("k6")["key"] = None
    sale.add("unknown", "buy", None, "cold", 1, (100, 110, 0, "cut"))
    sale.add_row("buy", None, "cold", 1)
    assert sale.invalid() == set()
    sale.add_row("buy", None, "cold", 1)
    assert sale.invalid() == {"no_phantom_purchase"}


def test_a_refusal_that_is_repeated_is_judged_from_its_first_call(sale) -> None:
    """The stored answer was decided before the restock, when there was nothing left, and only told afterwards."""
    attempts = ((21, 23, 0, "timeout"), (41, 59, 409, "out-of-stock"))
    sale.add("fail", "buy", "told-late", "hot", 1, *attempts)
    assert sale.invalid() == set()


@pytest.mark.parametrize("at", [(40, 40), (41, 60), (60, 60)])
def test_equal_instants_have_no_order(sale, at) -> None:
    """At 40 the restock returns and at 60 the next purchase is called: each may be on either side of the refusal."""
    sale.refuse("tie", "hot", 1, *at)
    assert sale.invalid() == set()


def test_a_restock_whose_answer_never_came_proves_no_stock(sale) -> None:
    sale.operation("r0").update(outcome="unknown", value=None)
    sale.refuse("before-or-after", "hot", 1, 41, 59)
    assert sale.invalid() == set()


def test_a_key_that_two_operations_share_was_first_called_by_the_earlier(sale) -> None:
    """What the slow one was refused at 22, the quick one is told again at 45, and its line stands first."""
    slow = sale.add("unknown", "buy", "shared", "hot", 1, (22, 58, 0, "timeout"))
    sale.history.remove(slow)
    sale.refuse("shared", "hot", 1, 45, 50)
    sale.history.append(slow | {"op": 99})
    assert sale.invalid() == set()


def test_a_refusal_before_its_call_is_damage_and_no_violation(sale) -> None:
    sale.refuse("no", "cold", 1, 70, 50)
    assert sale.invalid() == set()


def test_two_rows_of_one_version_are_no_ground_to_judge_refusals(sale) -> None:
    sale.row("k1")["item_version"] = 1
    finding = sale.judge()["refusals_legal"]
    assert finding.verdict == "unknown"
    assert "do not follow from each other (2 refusals)" in finding.observed


def test_rows_that_contradict_the_clock_are_no_ground_to_judge_refusals(sale) -> None:
    sale.operation("k4")["attempts"][0].update(call_ns=1, return_ns=2)
    finding = sale.judge()["refusals_legal"]
    assert finding.verdict == "unknown"
    assert "another order" in finding.observed
