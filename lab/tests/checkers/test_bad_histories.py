"""Each rule is fed what it exists for, made by hand, and has to be the one that catches it."""

from collections.abc import Callable
from typing import Any

import pytest

Damage = Callable[[Any], object]
CASES: list[tuple[str, set[str], Damage]] = []
SECOND = 1_000_000_000


def bad(*caught_by: str) -> Callable[[Damage], Damage]:
    """Register a damage to the right sale, and the rules that catch it, and no other."""

    def register(damage: Damage) -> Damage:
        CASES.append((damage.__name__, set(caught_by), damage))
        return damage

    return register


def test_a_right_sale_is_valid(sale, sale_rules) -> None:
    findings = sale.judge()
    assert {name: finding.observed for name, finding in findings.items() if finding.verdict != "valid"} == {}
    assert set(findings) == sale_rules
    assert all(finding.witness == [] for finding in findings.values())


@bad("stock_conserved")
def a_unit_vanished(sale):
    sale.item("hot")["stock"] = -1


@bad("stock_conserved")
def a_unit_appeared(sale):
    sale.item("cold")["stock"] += 1


@bad("stock_conserved")
def a_row_of_no_item(sale):
    sale.items.pop(1)
    del sale.planned["cold"]


@bad("stock_never_negative")
def versions_have_a_gap(sale):
    sale.row("k7")["item_version"] += 1
    sale.item("cold")["item_version"] += 1


@bad("stock_never_negative")
def a_version_has_no_row(sale):
    sale.item("cold")["item_version"] += 1


@bad("stock_never_negative")
def two_rows_counted_down_from_one_stock(sale):
    """A lost update that another row happens to make good."""
    sale.row("k1")["stock_after"] = sale.operation("k1")["value"]["stock"] = 2


@bad("stock_never_negative")
def two_rows_of_one_version(sale):
    sale.row("k1")["item_version"] = 1


@bad("no_oversell", "stock_never_negative")
def the_last_unit_was_sold_twice(sale):
    """Nothing can be sold that was not there without a stock below zero, or one that does not follow."""
    sale.buy("late", "hot", 1, (62, 99, 200))


@bad("no_oversell", "stock_never_negative")
def oversold_until_the_restock(sale):
    for row in sale.purchases[:3] + sale.restocks:
        row["item_version"] += 1
        row["stock_after"] -= 1
    for key in ("k0", "k1", "k2", "r0"):
        sale.operation(key)["value"]["stock"] -= 1
    early = sale.buy("early", "hot", 1, (0, 9, 200))
    sale.row("early").update(item_version=1, stock_after=2)
    early["value"]["stock"] = 2
    sale.row("early")["fence"] = 1
    sale.row("k4").update(item_version=6, stock_after=-1)
    sale.operation("k4")["value"]["stock"] = -1


@bad("no_oversell", "stock_never_negative", "stock_conserved")
def a_stale_stock_was_written_back(sale):
    """Every recorded stock looks right; only the quantities tell."""
    sale.buy("late", "hot", 1, (62, 99, 200))
    sale.row("late")["stock_after"] = sale.operation("late")["value"]["stock"] = sale.item("hot")["stock"] = 0


@bad("no_lost_purchase")
def an_acknowledged_purchase_left_no_row(sale):
    operation = sale.add("ok", "buy", "lost", "cold", 1, (100, 110, 200))
    operation["value"] = {"purchase_id": "p", "item_id": "cold", "quantity": 1, "stock": 5}


@bad("no_lost_purchase")
def an_acknowledged_restock_left_no_row(sale):
    operation = sale.add("ok", "restock", "lost", "cold", 1, (100, 110, 200))
    operation["value"] = {"restock_id": "r", "item_id": "cold", "quantity": 1, "stock": 5}


@bad("no_lost_purchase")
def an_ok_was_duplicated_under_a_new_key(sale):
    sale.history.append(sale.operation("k6") | {"op": 99, "key": "copy"})


@bad("no_lost_purchase")
def a_refusal_was_turned_ok(sale):
    sale.operation("k3")["outcome"] = "ok"


@bad("no_lost_purchase")
def a_refusal_was_turned_ok_with_its_answer(sale):
    operation = sale.operation("k5")
    operation.update(outcome="ok", value=dict(sale.operation("k4")["value"]))
    operation["attempts"][0].update(status=200, code=None)


@bad("no_lost_purchase")
def the_answer_told_another_stock(sale):
    sale.operation("k6")["value"]["stock"] -= 1


@bad("no_lost_purchase")
def the_answer_told_another_purchase(sale):
    sale.operation("k6")["value"]["purchase_id"] = "another"


@bad("no_lost_purchase")
def less_was_sold_than_asked(sale):
    sale.operation("k7")["args"]["quantity"] += 1


@bad("no_lost_purchase")
def another_item_was_sold_than_asked(sale):
    sale.operation("k6")["args"]["item_id"] = "hot"


@bad("no_lost_purchase")
def two_answers_without_a_key_name_one_row(sale):
    operation = sale.operation("k6")
    operation["key"] = sale.row("k6")["key"] = None
    sale.history.append(operation | {"op": 99})


@bad("no_phantom_purchase")
def an_ok_was_deleted(sale):
    sale.history.remove(sale.operation("k6"))


@bad("no_phantom_purchase")
def the_operation_of_a_restock_was_deleted(sale):
    sale.history.remove(sale.operation("r0"))


@bad("no_phantom_purchase")
def a_busy_answer_sold_nevertheless(sale):
    operation = sale.operation("k6")
    operation.update(outcome="fail", value={"code": "lock-busy"})
    operation["attempts"][0].update(status=429, code="lock-busy")


@bad("no_phantom_purchase")
def an_unknown_purchase_sold_more_than_asked(sale):
    sale.operation("k7").update(outcome="unknown", value=None, args={"item_id": "cold", "quantity": 1})


@bad("no_phantom_purchase")
def a_refused_purchase_left_a_row(sale):
    sale.add_row("buy", "k3", "cold", 1)


@bad("no_phantom_purchase")
def a_row_without_a_key_that_nobody_asked_for(sale):
    sale.operation("k6")["key"] = sale.row("k6")["key"] = None
    sale.add_row("buy", None, "cold", 1)


@bad("one_row_a_key")
def a_retry_bought_again(sale):
    sale.add_row("buy", "k7", "cold", 3)


@bad("one_row_a_key")
def a_restock_came_twice(sale):
    sale.buy("r1", "cold", 1, (100, 120, 200), f="restock")
    sale.add_row("restock", "r1", "cold", 1)


@bad("one_row_a_key")
def a_replay_told_something_else(sale):
    first = sale.operation("k6")
    sale.history.append(first | {"op": 99, "value": first["value"] | {"total_minor": 1}})


@bad("one_row_a_key")
def one_key_was_refused_and_served(sale):
    sale.operation("k1")["attempts"][0].update(status=409, code="out-of-stock")


@bad("one_row_a_key")
def the_repeat_of_a_sold_key_was_refused(sale):
    sale.operation("k4").update(outcome="unknown", value=None)
    sale.refuse("k4", "hot", 2, 90, 99)


@bad("refusals_legal")
def refused_where_nobody_ever_bought_much(sale):
    sale.refuse("no", "cold", 1, 50, 70)


@bad("refusals_legal")
def refused_between_the_restock_and_the_next_buyer(sale):
    sale.refuse("no", "hot", 1, 41, 59)


@bad("refusals_legal")
def refused_before_the_first_buyer_came(sale):
    for operation in sale.history:
        for attempt in operation["attempts"]:
            attempt["call_ns"] += 100
            attempt["return_ns"] += 100
    sale.refuse("no", "hot", 3, 10, 99)


@bad("refusals_legal")
def refused_for_less_than_the_versions_allow(sale):
    """Four purchases may be in flight, but their versions say that nine units were left whatever their order."""
    for number in range(3):
        sale.buy(f"m{number}", "cold", 1, (200, 300, 200))
    sale.refuse("no", "cold", 3, 190, 310)


@bad("fences_monotone")
def a_fence_went_back(sale):
    sale.row("k2")["fence"] = 50


@bad("fences_monotone")
def a_fence_was_used_twice(sale):
    sale.row("k7")["fence"] = sale.row("k6")["fence"]


@bad("fences_drawn")
def a_purchase_was_made_without_a_fence(sale):
    sale.row("k2")["fence"] = None


@bad("fences_drawn")
def the_first_purchase_had_no_fence(sale):
    sale.row("k0")["fence"] = None


@bad("supply_as_planned")
def the_shelf_had_more_than_the_seller_gave(sale):
    sale.planned["cold"] -= 4


@bad("supply_as_planned")
def an_item_that_nobody_put_on_sale(sale):
    sale.items.append({"id": "own", "initial_stock": 5, "stock": 5, "item_version": 0})


@bad("busy_legal")
def told_busy_although_nobody_was_there(sale):
    sale.add("fail", "buy", "alone", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 429, "lock-busy"))


@bad("busy_legal")
def told_busy_by_what_it_had_been_told_before(sale):
    """Only its own attempts are near, each long answered when the next is sent."""
    attempts = [(at * SECOND, at * SECOND + 9, 429, "lock-busy") for at in (20, 21, 22)]
    sale.buy("stuck", "cold", 1, *attempts, (23 * SECOND, 23 * SECOND + 9, 200))


@bad("leases_exclusive")
def two_replicas_believed_in_one_item_at_once(sale):
    sale.lease("inventory-api-1", "cold", 200, 80, 150, 95)


@bad("leases_exclusive")
def a_lease_was_given_to_another_before_its_time_was_over(sale):
    """Its holder died, so that only its time can end it."""
    sale.lease("inventory-api-1", "cold", 200, 200, 300)
    sale.lease("inventory-api-2", "cold", 201, 299, 400, 310)


@pytest.mark.parametrize(("caught_by", "damage"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_damage_is_caught_by_its_rule_alone(sale, caught_by, damage) -> None:
    damage(sale)
    findings = sale.judge()
    assert {name: found.observed for name, found in findings.items() if found.verdict == "invalid"}.keys() == caught_by
    for name in caught_by:
        assert findings[name].observed
        if damage is not a_unit_appeared:
            assert 0 < len(findings[name].witness) <= 10


def test_every_rule_that_can_be_broken_is_broken_twice(sale_rules) -> None:
    counts = {name: sum(name in caught_by for _, caught_by, _ in CASES) for name in sale_rules}
    never = {name for name, count in counts.items() if count == 0}
    by_faults = {"available_after_heal", "faults_effective"}  # test_fault_rules.py has theirs
    by_leases = {"leases_overlapped", "lock_overlaps"}  # test_lease_rules.py has theirs
    by_answers = {"no_defects", "nobody_noticed"}  # test_answer_rules.py has theirs
    by_samples = {"resources_flat"}  # test_resources_flat.py has its own
    elsewhere = by_faults | by_leases | by_answers | by_samples
    assert never == elsewhere | {"answers_complete", "contention", "generator_on_time", "history_whole"}
    assert all(count >= 2 for name, count in counts.items() if name not in never)


def test_a_witness_is_the_row_and_its_operation_as_they_stand(sale) -> None:
    sale.buy("late", "hot", 1, (62, 99, 200))
    finding = sale.judge()["no_oversell"]
    assert finding.witness == [sale.operation("late"), sale.row("late")]
    assert "hot was 1 short at version 6: 1 sold with 0 left" in finding.observed


def test_a_witness_has_at_most_ten_lines_and_says_how_many_more(sale) -> None:
    for number in range(20):
        sale.buy(f"late{number}", "hot", 1, (62, 99, 200))
    finding = sale.judge()["no_oversell"]
    assert len(finding.witness) == 10
    assert finding.witness[1] == sale.row("late0")
    assert finding.observed.startswith("20 times; first: hot was 1 short")
    assert "15 further ones are not shown" in finding.observed
    assert finding.observed.endswith("at worst 20 units short")


def test_violations_of_one_line_fill_the_witness(sale) -> None:
    for number in range(12):
        sale.history.append(sale.operation("k6") | {"op": 90 + number, "key": f"copy{number}"})
    finding = sale.judge()["no_lost_purchase"]
    assert finding.witness == sale.history[-12:-2]
    assert finding.observed.startswith("12 times; first: operation 90, a buy with key copy0 of 1 × cold has no row")
    assert finding.observed.endswith("(2 further ones are not shown)")


OK = ["k0", "k1", "k2", "r0", "k4", "k6", "k7"]


@pytest.mark.parametrize("key", OK)
def test_any_ok_deleted_is_invalid(sale, key) -> None:
    sale.history.remove(sale.operation(key))
    assert sale.invalid() == {"no_phantom_purchase"}


@pytest.mark.parametrize("key", OK)
@pytest.mark.parametrize("number", [99, 0], ids=["new-number", "old-number"])
def test_any_ok_duplicated_under_a_new_key_is_invalid(sale, key, number) -> None:
    sale.history.append(sale.operation(key) | {"key": "copy", "op": number})
    assert sale.invalid() == {"no_lost_purchase"}


@pytest.mark.parametrize("key", ["k3", "k5"])
@pytest.mark.parametrize("value", [None, {}, {"purchase_id": "purchase-0", "stock": 2}], ids=["none", "empty", "other"])
def test_any_refusal_turned_ok_is_invalid(sale, key, value) -> None:
    sale.operation(key).update(outcome="ok", value=value)
    assert sale.invalid() == {"no_lost_purchase"}
