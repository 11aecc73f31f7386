"""A proof about a checkout is told order by order, in whose books each row stands, with the steps of the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.evidence import (
    Finding,
    Latency,
    Load,
    Results,
    RunDirectory,
    VariantDirectory,
    VariantResult,
    write_results,
)
from trivet_lab.report import render
from trivet_lab.report.sagas import STEPS_MAX, named_orders, stories_of
from trivet_lab.report.witness import lay_out

ONE, TWO = "0190-1", "0190-2"
ORDER = {"order_id": ONE, "customer_id": "ann", "account_id": "ann", "status": "Order Cancelled", "version": 4}
GOODS = {"subject": "ann", "hold_id": f"{ONE}:hold", "order_id": ONE, "state": "released", "total_minor": 1800}
SEATS = {"show_id": "s", "subject": "ann", "hold_id": "h-1", "order_id": ONE, "state": "sold", "fence": 7}
CHARGE = {
    "key": f"{ONE}:charge", "state": "captured", "captured_minor": 1800, "refunded_minor": 0,
    "customer_account_id": "ann",
}  # fmt: skip


def finding(*witness: dict[str, Any]) -> Finding:
    return Finding("cancelled_keeps_nothing", "Nothing is kept.", "something is", "invalid", list(witness))


def test_rows_of_all_books_stand_together_under_their_order() -> None:
    [timeline] = lay_out(finding(ORDER, GOODS, SEATS | {"seats": '["a-1"]'}, CHARGE), {}).timelines
    assert timeline.item == f"order {ONE}"
    assert [(entry.who, entry.what) for entry in timeline.entries] == [
        ("Order", "Order Cancelled, paid by ann"),
        ("Inventory", "hold released for 1,800"),
        ("Reservation", 'hold sold: ["a-1"]'),
        ("Wallet", "captured: 1,800 taken of ann"),
    ]
    assert timeline.entries[3].facts == [("key", f"{ONE}:charge")]


def test_what_was_given_back_is_told() -> None:
    [timeline] = lay_out(finding(ORDER, CHARGE | {"refunded_minor": 800}), {}).timelines
    assert timeline.entries[1].what == "captured: 1,800 taken of ann, 800 given back"


def test_a_row_of_nobodys_order_is_shown_alone() -> None:
    [timeline] = lay_out(finding(GOODS), {}).timelines
    assert timeline.item == f"order {ONE}"
    assert timeline.entries[0].what == "released"


def test_an_order_without_rows_elsewhere_is_told_as_ever() -> None:
    [timeline] = lay_out(finding(ORDER), {}).timelines
    assert timeline.entries[0].who == "ledger: ann"


def steps(*told: tuple[str, int, str, str, int, str | None]) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order_id, "position": position, "ordinal": 0, "event": event, "state": state,
            "attempts": 0, "detail": detail, "at": f"2026-11-26T12:00:0{at_ms / 1000:.3f}+00:00",
        }
        for order_id, position, event, state, at_ms, detail in told
    ]  # fmt: skip


def write(path: Path, lines: list[dict[str, Any]], torn: str = "") -> VariantDirectory:
    directory = VariantDirectory(path).create()
    directory.ledger("order.saga_steps").write_text("".join(json.dumps(line) + "\n" for line in lines) + torn)
    return directory


def test_a_checkout_is_told_step_by_step_with_times(tmp_path: Path) -> None:
    told = steps(
        (ONE, 3, "charged", "confirming", 1250, None),
        (TWO, 1, "begun", "holding", 0, None),
        (ONE, 1, "begun", "holding", 0, None),
        (ONE, 2, "no answer", "charging", 40, "the connection was cut"),
        (ONE, 4, "declined", "charging", 1300, None),
    )
    found = stories_of(write(tmp_path, told, "{"), {ONE})
    assert set(found) == {ONE}
    story = found[ONE]
    assert [(line.after, line.event, line.tone) for line in story.lines] == [
        ("0.00 ms", "begun", ""),
        ("40.0 ms", "no answer", "unsure"),
        ("1.25 s", "charged", "good"),
        ("1.30 s", "declined", "bad"),
    ]
    assert (story.took, story.lines[1].detail, story.left_out) == ("1.30 s", "the connection was cut", 0)


def test_a_long_story_is_cut_and_says_so(tmp_path: Path) -> None:
    many = steps(*((ONE, number, "no answer", "charging", number, None) for number in range(STEPS_MAX + 3)))
    story = stories_of(write(tmp_path, many), {ONE})[ONE]
    assert (len(story.lines), story.left_out) == (STEPS_MAX, 3)


def test_without_a_ledger_or_an_order_there_is_no_story(tmp_path: Path) -> None:
    assert stories_of(VariantDirectory(tmp_path), {ONE}) == {}
    assert stories_of(write(tmp_path, steps((ONE, 1, "begun", "holding", 0, None))), set()) == {}


def test_orders_are_named_by_rows_operations_and_ids_that_are_made_of_theirs() -> None:
    asked = {"attempts": [], "args": {"customer_id": "ann", "order_id": TWO}}
    assert named_orders([ORDER, CHARGE, asked, {"posting_id": 3}]) == [ONE, TWO]


def test_a_report_shows_the_steps_of_the_orders_that_its_proof_is_about(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "20261126T230000Z-checkout-7")
    told = steps((ONE, 1, "begun", "created", 0, None), (ONE, 2, "no answer", "charging", 40, "<cut> & gone"))
    write(run.variant("naive").path, [*told, *steps((TWO, 1, "begun", "created", 0, None))])
    run.run.write_bytes(msgspec.json.encode({"run": run.name, "scenario": "checkout"}))
    figures = {"confirmed": 3, "wronged": 1, "cancelled": 2, "ended_in_ms_p50": 41}
    result = VariantResult(
        "naive",
        "invalid",
        "invalid",
        [finding(ORDER, CHARGE)],
        {"202": 5},
        1.0,
        Latency(1, 2, 3),
        Load(0.1, 0.2),
        figures,
    )
    write_results(run.results, Results(run.name, "checkout", "unknown", "valid", [result]))
    page = render(run).read_text()
    assert "naive charged 1 order something else than it cost" in page
    assert page.count('<table class="grid saga">') == 1
    assert f"How the checkout of order <bdi>{ONE}</bdi> went" in page
    assert "&lt;cut&gt; &amp; gone" in page
    assert TWO not in page
    assert "<dt>ended in ms p50</dt><dd>41</dd>" in page
