"""Holds of goods beside a sale: what is right is called so, and each thing that is wrong by the rule that is for it."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.checkers import check_variant
from trivet_lab.verdict.stock import count_stock

Damage = Callable[[Any], object]
CASES: dict[str, tuple[set[str], Damage]] = {}
HELD = runpy.run_path(str(Path(__file__).with_name("goods_held.py")))
RULE = "stock_holds_consistent"
RULES = [RULE, "no_oversell", "refusals_legal", "stock_conserved", "stock_never_negative"]


@pytest.fixture
def holds(sale) -> Any:
    """A right sale in which goods are held, pinned, sold, returned, refused and given up before they came."""
    holds = HELD["Holds"](sale)
    sale.add_item("warm", 20)
    holds.hold("held", "held", warm=2)
    holds.hold("pinned", "pinned", warm=1, cold=2)
    holds.hold("sold", "sold", warm=3)
    holds.hold("expired", "expired", warm=4, cold=1)
    holds.hold("released", "released", warm=2)
    holds.hold("refused", "refused", warm=99)
    holds.hold("given-up", "released")
    sale.buy("w0", "warm", 1, (200, 210, 200))
    holds.hold("late", "sold", warm=1)
    return holds


def judge(holds) -> dict[str, Any]:
    holds.write()
    return {finding.name: finding for finding in check_variant(holds.sale.directory, RULES)}


def bad(*caught_by: str) -> Callable[[Damage], Damage]:
    """Register a damage to the right holds, and the rules that catch it, and no other."""

    def register(damage: Damage) -> Damage:
        CASES[damage.__name__] = (set(caught_by), damage)
        return damage

    return register


def test_right_holds_are_valid_under_every_rule_of_a_sale(holds, sale_rules) -> None:
    holds.write()
    findings = check_variant(holds.sale.directory, sorted(sale_rules | {RULE}))
    assert {finding.name: finding.observed for finding in findings if finding.verdict != "valid"} == {}
    observed = {finding.name: finding.observed for finding in findings}
    assert observed[RULE] == "11 moves of 8 holds: 1 expired, 1 held, 1 pinned, 1 refused, 2 released, 2 sold"
    assert "9 in holds" in observed["stock_conserved"]
    assert count_stock(holds.sale.directory) == {"sold": 14, "oversold": 0}


def test_a_run_of_an_inventory_without_holds_is_judged_as_before(sale) -> None:
    findings = {finding.name: finding for finding in (sale.write(), check_variant(sale.directory, RULES))[1]}
    assert {name for name, finding in findings.items() if finding.verdict != "valid"} == {RULE}
    assert findings[RULE].observed == "ledger inventory.stock_holds is missing"
    assert count_stock(sale.directory) == {"sold": 9, "oversold": 0}


def test_holds_alone_are_a_sale_too(holds) -> None:
    """A shop that sells through orders alone has no purchases of its own."""
    sale = holds.sale
    sale.purchases.clear()
    sale.items = [sale.item("warm") | {"stock": 20, "item_version": 0}]
    holds.holds.clear(), holds.lines.clear(), holds.moves.clear()
    holds.hold("sold", "sold", warm=3)
    sale.restocks.clear()
    assert {name: finding.verdict for name, finding in judge(holds).items()} == dict.fromkeys(RULES, "valid") | {
        "refusals_legal": "unknown"  # of an item that is no more
    }


def test_nobody_held_anything(sale) -> None:
    findings = judge(HELD["Holds"](sale))
    assert (findings[RULE].verdict, findings["stock_conserved"].verdict) == ("unknown", "valid")
    assert findings[RULE].observed == "ledger inventory.stock_holds is empty: nobody held anything"


def test_a_refusal_may_be_because_of_a_hold(holds) -> None:
    """Nobody knows when holds began and ended, so that one of them explains every refusal that it can explain."""
    sale = holds.sale
    sale.refuse("q0", "warm", 15, 300, 310)
    assert judge(holds)["refusals_legal"].verdict == "valid"
    sale.refuse("q1", "warm", 3, 300, 310)
    assert judge(holds)["refusals_legal"].verdict == "invalid"


@bad("stock_conserved")
def a_held_unit_vanished(holds):
    holds.sale.item("warm")["stock"] -= 1


@bad(RULE, "stock_conserved")
def a_sale_is_called_released(holds):
    holds.row("sold")["state"] = "released"


@bad(RULE, "stock_conserved")
def a_hold_is_lost(holds):
    holds.holds.remove(holds.row("late"))


@bad(RULE, "stock_conserved")
def the_units_of_a_sale_came_back(holds):
    holds.move("returned", "sold", "warm", 3)


@bad(RULE, "stock_conserved")
def units_came_back_twice(holds):
    holds.move("returned", "expired", "warm", 4)


@bad(RULE, "stock_conserved")
def half_of_a_hold_came_back(holds):
    back = next(move for move in holds.moves if move["kind"] == "returned" and move["item_id"] == "cold")
    holds.moves.remove(back)
    holds.sale.item("cold")["stock"] -= 1
    holds.sale.item("cold")["item_version"] -= 1


@bad(RULE, "stock_conserved")
def a_hold_took_less_than_its_lines(holds):
    holds.line("late")["quantity"] = 2
    holds.row("late")["total_minor"] = 500


@bad(RULE)
def a_refused_hold_took_units_and_gave_them_back(holds):
    holds.move("held", "refused", "warm", 1)
    holds.move("returned", "refused", "warm", 1)


@bad(RULE)
def what_is_sold_is_no_orders(holds):
    holds.row("sold")["order_id"] = None


@bad(RULE)
def a_total_is_not_its_lines_prices(holds):
    holds.row("pinned")["total_minor"] += 1


@bad(RULE)
def a_line_is_of_no_hold(holds):
    holds.lines.append(holds.line("held") | {"hold_id": "nobody's"})


@bad(RULE)
def units_moved_for_no_hold(holds):
    holds.move("held", "nobody's", "warm", 1)
    holds.move("returned", "nobody's", "warm", 1)


@bad("stock_never_negative")
def a_move_has_no_row(holds):
    holds.moves.remove(holds.moved("released", "held"))
    holds.moves.remove(holds.moved("released", "returned"))
    holds.row("released")["total_minor"] = 0
    holds.lines.remove(holds.line("released"))


@bad("stock_never_negative")
def a_hold_counted_down_from_a_stale_stock(holds):
    holds.moved("sold", "held")["stock_after"] += 1


@bad("no_oversell", "stock_never_negative")
def a_hold_took_what_was_not_there(holds):
    """The last of the goods were bought; another replica held them all the same."""
    holds.hold("greedy", "held", warm=13)


@bad("no_oversell", "stock_never_negative")
def a_buyer_took_what_was_held(holds):
    holds.sale.buy("w1", "warm", 13, (400, 410, 200))


@pytest.mark.parametrize(("caught_by", "damage"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_caught(holds, caught_by, damage) -> None:
    damage(holds)
    findings = judge(holds)
    invalid = {name: finding.observed for name, finding in findings.items() if finding.verdict == "invalid"}
    assert invalid.keys() == caught_by, invalid
    assert all(0 < len(findings[name].witness) <= 10 for name in caught_by)


@pytest.mark.parametrize("name", ["hold_lines", "moves", "holds"])
def test_a_ledger_that_is_missing_is_unknown_to_the_rule_of_holds(holds, name) -> None:
    holds.write()
    holds.sale.directory.ledger(f"inventory.stock_{name}").unlink()
    (finding,) = check_variant(holds.sale.directory, [RULE])
    assert (finding.verdict, finding.observed) == ("unknown", f"ledger inventory.stock_{name} is missing")
