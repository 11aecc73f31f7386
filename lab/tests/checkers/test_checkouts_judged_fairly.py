"""What a right checkout may do is no violation, however odd it looks."""

import runpy
from pathlib import Path

TILL = runpy.run_path(str(Path(__file__).with_name("checkout_till.py")))
goods, seat = TILL["goods"], TILL["seat"]


def test_a_tombstone_is_no_orphan_whether_there_is_such_an_order_or_not(till):
    for order_id in ("o-late", "o-ghost"):
        till.service.inventory.release("dan", f"{order_id}:hold", order_id)
        till.service.reservation.release("dan", "h-9", order_id)
        till.service.wallet.void(f"{order_id}:charge")
    assert till.invalid() == set()


def test_an_order_that_was_cancelled_before_it_was_begun_has_nothing_anywhere(till):
    till.order("o-never", "ann", goods("i-1"))
    till.service.orders["o-never"]["cancellation_requested"] = True
    till.check_out("o-never")
    assert till.invalid() == set()


def test_a_wish_may_come_too_late(till):
    till.order("o-paid", "ann", goods("i-2"))
    till.check_out("o-paid", wish=2)
    assert till.service.orders["o-paid"]["status"] == "Order Confirmed"
    assert till.invalid() == set()


def test_every_answer_may_be_lost_and_found_again(till):
    till.service.reservation.hold("ann", "h-8", ["front-1-7"])
    till.order("o-lost", "ann", goods("i-2"), goods("i-1"), seat("h-8"))
    till.check_out("o-lost", 0, 2, 4, 6)
    assert till.service.orders["o-lost"]["status"] == "Order Confirmed"
    assert till.invalid() == set()


def test_goods_may_be_bought_and_arrive_beside_orders(till):
    item = till.row("inventory.items", id="i-2")
    for name, quantity, sign in (("purchases", 4, -1), ("restocks", 9, 1)):
        item |= {"stock": item["stock"] + sign * quantity, "item_version": item["item_version"] + 1}
        row = {"item_id": "i-2", "key": name, "quantity": quantity, "item_version": item["item_version"]}
        row |= {f"{name.removesuffix('s')}_id": "x", "stock_after": item["stock"]}
        till.rows(f"inventory.{name}").append(row)
    assert till.invalid() == set()


def test_who_has_nothing_to_pay_is_not_charged(till):
    for row in till.rows("order.order_lines"):
        if row["order_id"] == "o-goods":
            row["price_minor"] = 0
    for row in till.rows("inventory.stock_holds"):
        if row["hold_id"] == "o-goods:hold":
            row["total_minor"] = 0
    till.rows("wallet.charges").remove(till.row("wallet.charges", key="o-goods:charge"))
    assert "confirmed_sold_and_paid" not in till.invalid()


def test_a_customer_may_use_a_key_that_looks_like_an_orders_as_long_as_it_takes_nothing(till):
    charge = till.row("wallet.charges", key="o-goods:charge")
    own = {"key": "o-goods:mine", "state": "declined", "captured_minor": 0}
    till.rows("wallet.charges").append(charge | own)
    assert till.invalid() == set()


def test_what_a_customer_paid_on_their_own_and_got_back_was_not_charged_for_the_order_whose_key_it_has(till):
    tombstone = till.row("wallet.charges", key="o-race:charge")
    own = {"subject": "bob", "state": "captured", "captured_minor": 9, "refunded_minor": 9, "charge_id": "c"}
    till.rows("wallet.charges").append(tombstone | own | {"customer_account_id": "bob"})
    assert till.invalid() == set()


def test_where_the_wallet_does_not_say_who_asked_a_charge_is_the_orders_whose_key_it_has(till):
    for row in till.rows("wallet.charges"):
        del row["subject"]
    assert till.invalid() == set()
    till.row("wallet.charges", key="o-race:charge").update(state="captured", captured_minor=40)
    assert "cancelled_keeps_nothing" in till.invalid()
