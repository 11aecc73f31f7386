"""A crowd that checks out, sent: tokens come out of answers into lines of orders, and somebody waits for each end."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout_counter import CheckoutCounter
from sent_crowds import Sent, expect_no_secret, send_to
from small_crowds import one_way

from trivet_lab.load import Account, CheckingOut, Good, Show, Trips, waiting


def send(path: Path, counter: CheckoutCounter, trip: str = "", again: float = 0.0) -> Sent[CheckoutCounter]:
    """Send a crowd whose visits go one way, or any."""
    errand = CheckingOut(
        accounts=[*(Account(f"c-{n}", "customer", 1, "k") for n in range(5)), Account("shop", "merchant", 0, "k")],
        goods=[Good("item-1", 3, 100)],
        shows=[Show("show-1", 400, per_row=20)],
        trips=one_way(Trips, trip) if trip else Trips(),
    )
    return send_to(counter, errand, path, rate_per_s=40, again=again)


def test_a_whole_crowd_is_served_and_no_secret_is_written(tmp_path: Path) -> None:
    sent = send(tmp_path, CheckoutCounter(), again=0.1)
    assert {operation.f for operation in sent.history} >= {"hold", "order", "await", "cancel"}
    assert sent.summary.ended.get("unknown", 0) == 0
    expect_no_secret(sent, tmp_path)


def test_each_line_of_seats_shows_the_token_of_its_own_hold(tmp_path: Path) -> None:
    sent = send(tmp_path, CheckoutCounter(), "both")
    holds = sent.counter.office.holds
    shown = 0
    for body in sent.counter.bodies:
        for line in body["lines"]:
            if "hold_id" in line:
                shown += 1
                assert line["token"] == holds[line["show_id"], body["account_id"], line["hold_id"]]["token"]
            else:
                assert "token" not in line
    assert shown


def test_what_was_not_held_is_not_ordered(tmp_path: Path) -> None:
    counter = CheckoutCounter()
    for seat in (seat for row in Show("show-1", 400, per_row=20).rows() for seat in row):
        counter.office.seats["show-1", seat] = {"state": "sold", "until": float("inf")}
    sent = send(tmp_path, counter, "seats")
    assert {operation.outcome for operation in sent.of("hold")} == {"fail"}
    assert sent.of("order") == sent.of("await") == []
    assert sent.summary.left_out["refused"] > 0


def test_who_waits_looks_until_the_end_and_that_is_one_attempt(tmp_path: Path) -> None:
    sent = send(tmp_path, CheckoutCounter(looks=3), "stock")
    awaited = sent.of("await")
    assert len(awaited) == len(sent.counter.orders)
    for operation in awaited:
        assert (operation.value or {})["status"] == "Order Confirmed"
        assert len(operation.attempts) == 1
        assert sent.counter.looked[operation.args["order_id"]] == 3
        assert operation.return_ns - operation.call_ns >= waiting.FIRST_S * 1e9


def test_who_had_enough_was_shown_how_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.2)
    sent = send(tmp_path, CheckoutCounter(looks=0), "stock")
    assert {operation.outcome for operation in sent.of("await")} == {"ok"}
    assert {(operation.value or {})["status"] for operation in sent.of("await")} == {"Order Created"}


def test_a_lost_answer_to_an_order_is_asked_for_again_and_awaited_once(tmp_path: Path) -> None:
    sent = send(tmp_path, CheckoutCounter(cuts=5), "stock")
    assert {operation.outcome for operation in sent.of("order")} == {"ok"}
    assert len(sent.counter.orders) == len(sent.of("await"))
