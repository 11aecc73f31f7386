"""Each rule over a checkout is fed what it exists for, made by hand, and has to catch it, and no other rule does."""

from typing import Any

import pytest

CASES: dict[str, tuple[set[str], Any]] = {}


def bad(*caught_by: str) -> Any:
    """Register a damage to the right history, with the rules that catch it."""

    def keep(damage: Any) -> Any:
        CASES[damage.__name__] = (set(caught_by), damage)
        return damage

    return keep


def test_a_right_history_is_valid(till, checkout_rules) -> None:
    findings = till.judge()
    assert {name: finding.observed for name, finding in findings.items() if finding.verdict != "valid"} == {}
    assert set(findings) == checkout_rules
    assert all(finding.witness == [] for finding in findings.values())


@bad("orders_ended")
def an_order_waits_for_ever(till):
    till.row("order.orders", order_id="o-poor")["status"] = "Payment Pending"


@bad("orders_ended")
def an_order_was_never_begun(till):
    till.rows("order.orders").append(
        till.row("order.orders", order_id="o-poor") | {"order_id": "o-new", "status": "Order Created"}
    )


@bad("confirmed_sold_and_paid")
def goods_of_a_confirmed_order_are_only_pinned(till):
    till.row("inventory.stock_holds", hold_id="o-goods:hold")["state"] = "pinned"


@bad("confirmed_sold_and_paid", "no_release_after_capture")
def goods_of_a_confirmed_order_ran_out(till):
    till.row("inventory.stock_holds", hold_id="o-goods:hold")["state"] = "expired"


@bad("confirmed_sold_and_paid")
def goods_of_a_confirmed_order_were_sold_twice(till):
    hold = till.row("inventory.stock_holds", hold_id="o-goods:hold")
    till.rows("inventory.stock_holds").append(hold | {"hold_id": "o-goods:hold:2"})
    line = till.row("inventory.stock_hold_lines", hold_id="o-goods:hold", item_id="i-2")
    till.rows("inventory.stock_hold_lines").append(line | {"hold_id": "o-goods:hold:2"})


@bad("confirmed_sold_and_paid")
def a_hold_of_seats_is_only_pinned(till):
    till.row("reservation.settlements", order_id="o-both")["state"] = "pinned"


@bad("confirmed_sold_and_paid")
def an_order_has_seats_that_it_has_no_line_for(till):
    settled = till.row("reservation.settlements", order_id="o-second")
    own = {"order_id": "o-goods", "subject": "bob", "hold_id": "h-9", "total_minor": 0}
    till.rows("reservation.settlements").append(settled | own)


@bad("confirmed_sold_and_paid", "no_orphans")
def goods_were_sold_to_somebody_else(till):
    for name in ("stock_holds", "stock_hold_lines", "stock_moves"):
        for row in till.rows(f"inventory.{name}"):
            if row["hold_id"] == "o-goods:hold":
                row["subject"] = "dan"


@bad("confirmed_sold_and_paid")
def a_confirmed_order_was_not_charged(till):
    till.row("wallet.charges", key="o-goods:charge").update(captured_minor=0, state="voided")


@bad("confirmed_sold_and_paid")
def a_confirmed_order_was_charged_twice(till):
    charge = till.row("wallet.charges", key="o-goods:charge")
    till.rows("wallet.charges").append(charge | {"key": "o-goods:charge:2", "charge_id": "c-2"})


@bad("confirmed_sold_and_paid")
def a_confirmed_order_was_charged_too_much(till):
    till.row("wallet.charges", key="o-goods:charge")["captured_minor"] += 1


@bad("confirmed_sold_and_paid")
def a_confirmed_order_got_money_back(till):
    till.row("wallet.charges", key="o-goods:charge")["refunded_minor"] = 1


@bad("cancelled_keeps_nothing", "no_release_after_capture")
def a_cancelled_order_was_charged(till):
    till.row("wallet.charges", key="o-race:charge").update(
        state="captured", captured_minor=40, customer_account_id="ann", merchant_account_id="shop"
    )


@bad("confirmed_sold_and_paid", "no_orphans")
def a_confirmed_order_was_not_charged_and_its_customer_paid_on_their_own_under_its_key(till):
    till.row("wallet.charges", key="o-goods:charge")["subject"] = "bob"


@bad("no_orphans")
def a_customer_paid_on_their_own_under_the_key_of_a_cancelled_order(till):
    tombstone = till.row("wallet.charges", key="o-race:charge")
    own = {"subject": "ann", "state": "captured", "captured_minor": 40, "customer_account_id": "ann", "charge_id": "c"}
    till.rows("wallet.charges").append(tombstone | own)


@bad("cancelled_keeps_nothing")
def a_charge_of_a_cancelled_order_may_still_be_captured(till):
    till.row("wallet.charges", key="o-race:charge")["state"] = "authorised"


@bad("cancelled_keeps_nothing")
def goods_of_a_cancelled_order_are_pinned(till):
    till.row("inventory.stock_holds", hold_id="o-wish:hold")["state"] = "pinned"


@bad("cancelled_keeps_nothing")
def seats_of_a_cancelled_order_are_sold(till):
    till.row("reservation.settlements", order_id="o-wish")["state"] = "sold"


@bad("no_orphans", "cancelled_keeps_nothing")
def a_seat_of_a_cancelled_order_is_taken_without_a_settlement(till):
    seat = till.row("reservation.taken", order_id="o-second")
    till.rows("reservation.taken").append(seat | {"order_id": "o-wish", "seat_id": "back-1-8"})


@bad("no_orphans")
def goods_are_held_for_an_order_that_there_is_not(till):
    till.row("inventory.stock_holds", hold_id="o-goods:hold")["state"] = "pinned"
    make_unknown(till, "o-goods")
    for row in list(till.rows("wallet.charges")):
        if row["key"] == "o-goods:charge":
            till.rows("wallet.charges").remove(row)
    give_back_money(till, "o-goods:charge")


@bad("no_orphans", "accounts_pay_orders")
def money_was_taken_for_an_order_that_there_is_not(till):
    make_unknown(till, "o-beaten")


def make_unknown(till, order_id):
    """Let nobody have ordered it."""
    for name in ("order.orders", "order.order_lines"):
        till.rows(name)[:] = [row for row in till.rows(name) if row["order_id"] != order_id]


def give_back_money(till, key):
    """Let a movement never have been."""
    [operation] = [row for row in till.rows("wallet.operations") if row["key"] == key]
    for posting in till.rows("wallet.postings"):
        if posting["transaction_id"] == operation["transaction_id"]:
            till.row("wallet.accounts", account_id=posting["account_id"])["balance_minor"] -= posting["amount_minor"]
            posting["amount_minor"] = 0


@bad("no_orphans")
def seats_are_pinned_for_an_order_that_there_is_not(till):
    settled = till.row("reservation.settlements", order_id="o-second")
    till.rows("reservation.settlements").append(settled | {"order_id": "o-ghost", "state": "pinned"})


@bad("accounts_pay_orders")
def money_left_an_account_past_every_charge(till):
    postings = till.rows("wallet.postings")
    for name, minor in (("bob", -7), ("shop", 7)):
        postings.append(
            {
                "posting_id": f"p-x{name}",
                "transaction_id": "t-x",
                "account_id": name,
                "amount_minor": minor,
                "currency": "EUR",
            }
        )
        till.row("wallet.accounts", account_id=name)["balance_minor"] += minor
    till.rows("wallet.transactions").append({"transaction_id": "t-x", "kind": "transfer", "operation_id": None})


@bad("accounts_pay_orders")
def what_a_customer_paid_went_to_nobody(till):
    posting = next(row for row in till.rows("wallet.postings") if row["account_id"] == "shop")
    posting["amount_minor"] -= 5


@bad("no_release_after_capture")
def a_hold_of_seats_was_released_beside_a_captured_charge(till):
    row = till.row("reservation.settlements", order_id="o-both")
    till.rows("reservation.settlements").append(row | {"hold_id": "h-9", "state": "released"})


@bad("no_release_after_capture")
def goods_were_released_beside_a_captured_charge(till):
    hold = till.row("inventory.stock_holds", hold_id="o-both:hold")
    till.rows("inventory.stock_holds").append(
        hold | {"hold_id": "o-both:hold:2", "state": "released", "total_minor": 0}
    )


@bad("prices_as_offered")
def an_order_has_a_price_of_its_own(till):
    lines = till.rows("order.order_lines")
    first, second = [row for row in lines if row["order_id"] == "o-goods"]
    first["price_minor"] += 1
    second["price_minor"] -= 1


@bad("prices_as_offered")
def an_order_is_in_another_currency(till):
    till.row("order.order_lines", order_id="o-both", item_id="i-0")["currency"] = "USD"


@bad("prices_as_offered")
def goods_were_held_for_another_price_than_they_were_offered_for(till):
    till.row("inventory.stock_hold_lines", hold_id="o-wish:hold")["unit_price_minor"] = 41
    till.row("order.order_lines", order_id="o-wish", item_id="i-2")["price_minor"] = 41


@bad("prices_as_offered")
def a_seat_was_taken_for_another_price_than_it_was_offered_for(till):
    till.row("reservation.taken", order_id="o-both")["unit_price_minor"] = 1


@bad("own_accounts_charged")
def a_charge_took_money_from_another_account_than_the_order_names(till):
    till.row("wallet.charges", key="o-goods:charge")["customer_account_id"] = "ann"


@bad("own_accounts_charged")
def an_order_was_paid_by_somebody_elses_account(till):
    till.row("wallet.accounts", account_id="bob")["owner"] = "dan"


@pytest.mark.parametrize("name", CASES)
def test_a_bad_history_is_caught_by_its_rules_alone(till, name) -> None:
    caught_by, damage = CASES[name]
    damage(till)
    findings = till.judge()
    broken = {rule: finding for rule, finding in findings.items() if finding.verdict == "invalid"}
    assert set(broken) == caught_by, {rule: finding.observed for rule, finding in findings.items()}
    assert {rule for rule, finding in findings.items() if finding.verdict == "unknown"} == set()


def test_each_rule_has_two_bad_histories(checkout_rules) -> None:
    for rule in checkout_rules - {"checkout_raced"}:
        assert sum(rule in caught_by for caught_by, _ in CASES.values()) >= 2, rule


def test_a_proof_names_the_rows_of_all_books(till) -> None:
    till.row("wallet.charges", key="o-race:charge").update(state="captured", captured_minor=40)
    witness = till.judge()["cancelled_keeps_nothing"].witness
    assert [row.get("order_id") or row.get("key") for row in witness] == ["o-race", "o-race", "o-race:charge"]
