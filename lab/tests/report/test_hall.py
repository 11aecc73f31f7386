"""The hall of a rush: each seat's states as the crowd was told them, and a page on which they can be followed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import sync_playwright

from trivet_lab.evidence import Attempt, Operation, RunDirectory, encode_operation
from trivet_lab.report import render
from trivet_lab.report.hall import (
    FREE,
    HELD,
    PINNED,
    ROWS_MAX,
    SHAPES,
    SOLD,
    STATES,
    TWICE,
    HallTally,
    legend,
    picture,
    rows_of,
)

BLOCKS = [
    {"name": "front", "unit_price_minor": 2, "currency": "EUR", "rows": 1, "seats_per_row": 3},
    {"name": "back", "unit_price_minor": 1, "currency": "EUR", "seats": ["back-1-1"]},
]
A, B = "front-1-1", "front-1-2"


def told(f: str, call_ms: int, return_ms: int, outcome: str = "ok", who: str = "ann", **args: Any) -> Operation:
    """Return an operation about the hold ``h`` of somebody, unless it says another."""
    value = args.pop("value", {})
    named = {"show_id": "s", "id": "h", "subject": who} | args
    attempts = [Attempt(call_ms * 1_000_000, return_ms * 1_000_000, 200 if outcome == "ok" else 409)]
    return Operation(call_ms, 1, f, named, None, outcome, value if outcome == "ok" else None, attempts)  # type: ignore[arg-type]  # an outcome


def show(show_id: str = "s", blocks: Any = BLOCKS) -> Operation:
    return Operation(-1, -1, "show", {"show_id": show_id, "blocks": blocks}, None, "ok", {}, [Attempt(0, 1, 201)])


def hold(call_ms: int, return_ms: int, seats: list[str], **how: Any) -> Operation:
    return told("hold", call_ms, return_ms, seats=seats, ttl_ms=1_000, value={"expires_in_ms": 1_000}, **how)


def chart_of(*operations: Operation) -> dict[str, Any]:
    tally = HallTally()
    for operation in operations:
        tally.add(operation)
    found = tally.chart()
    assert found is not None
    return found


def steps_of(seat: str, *operations: Operation) -> list[tuple[int, int]]:
    chart = chart_of(show(), *operations)
    [found] = [
        steps
        for row, told in zip(chart["rows"], chart["steps"], strict=True)
        for name, steps in zip(row, told, strict=True)
        if name == seat
    ]
    return found


def order(return_ms: int, status: str, who: str = "ann") -> Operation:
    """Return that somebody was shown an order of the hold, beside goods."""
    value = {"id": "o", "status": status, "lines": [{"item_id": "i"}, {"show_id": "s", "hold_id": "h"}]}
    attempts = [Attempt(30 * 1_000_000, return_ms * 1_000_000, 200)]
    return Operation(30, 1, "await", {"customer_id": who, "order_id": "o"}, None, "ok", value, attempts)


def test_what_a_confirmed_order_shows_is_sold() -> None:
    assert steps_of(A, hold(10, 20, [A]), order(90, "Order Confirmed")) == [(20, HELD), (90, SOLD)]
    assert steps_of(A, hold(10, 20, [A]), order(90, "Order Cancelled")) == [(20, HELD), (1_020, FREE)]
    both = [hold(10, 20, [A]), hold(30, 40, [A], who="bob")]
    sold = [order(90, "Order Confirmed"), order(95, "Order Confirmed", who="bob")]
    assert steps_of(A, *both, *sold)[-1] == (95, TWICE)


def test_a_hold_runs_out() -> None:
    assert steps_of(A, hold(10, 20, [A])) == [(20, HELD), (1_020, FREE)]
    assert steps_of(B, hold(10, 20, [A])) == []


def test_an_extension_lengthens_it_and_a_release_ends_it() -> None:
    extended = told("extend", 500, 600, ttl_ms=1_000, value={"expires_in_ms": 1_000})
    assert steps_of(A, hold(10, 20, [A]), extended) == [(20, HELD), (1_600, FREE)]
    assert steps_of(A, hold(10, 20, [A]), told("release", 300, 310)) == [(20, HELD), (310, FREE)]


def test_a_pin_and_a_sale_last_and_an_order_may_take_its_pin_back() -> None:
    pin = told("pin", 100, 110, order_id="o", value={"seats": [A]})
    confirm = told("confirm", 200, 210, order_id="o", value={"seats": [A]})
    assert steps_of(A, hold(10, 20, [A]), pin, confirm) == [(20, HELD), (110, PINNED), (210, SOLD)]
    undone = told("release", 300, 310, order_id="o")
    assert steps_of(A, hold(10, 20, [A]), pin, undone) == [(20, HELD), (110, PINNED), (310, FREE)]
    assert steps_of(A, pin, hold(10, 20, [A])) == [(20, HELD), (110, PINNED)], "in whatever order they ended"


def test_a_refusal_and_a_doubt_change_nothing() -> None:
    assert steps_of(A, hold(10, 20, [A], outcome="fail"), hold(30, 40, [A], outcome="unknown", who="bob")) == []


def test_a_seat_that_two_have_is_two_peoples_and_one_that_two_hold_is_not() -> None:
    both = [hold(10, 20, [A]), hold(30, 40, [A], who="bob")]
    assert max(state for _, state in steps_of(A, *both)) == HELD
    pins = [told("pin", 100, 110 + place, who=who, order_id=who) for place, who in enumerate(("ann", "bob"))]
    assert steps_of(A, *both, *pins)[-1] == (111, TWICE)
    assert chart_of(show(), *both, *pins)["twice"] == [A]
    assert chart_of(show(), *both, pins[0])["twice"] == []


def test_the_show_that_most_want_is_drawn_and_of_it_the_rows_that_somebody_wanted() -> None:
    wide = [{"name": "stalls", "rows": ROWS_MAX + 5, "seats_per_row": 2}]
    asked = [hold(row, row + 1, [f"stalls-{row}-1"], id=f"h{row}") for row in range(2, ROWS_MAX + 6)]
    other = told("hold", 1, 2, show_id="another", seats=[A], ttl_ms=1_000)
    chart = chart_of(show("another"), show("s", wide), other, *asked)
    assert chart["show"] == "s"
    assert [row[0] for row in chart["rows"]] == [f"stalls-{row}-1" for row in range(2, ROWS_MAX + 2)]
    assert chart["left_out"] == 2 * (ROWS_MAX + 5) - 2 * ROWS_MAX
    assert chart["wanted"][0] == [[2], []]


def test_without_a_show_or_a_wish_there_is_no_hall() -> None:
    assert HallTally().chart() is None
    tally = HallTally()
    tally.add(Operation(1, 1, "buy", {"item_id": "x"}, None, "ok", {}, [Attempt(0, 1, 200)]))
    tally.add(show())
    assert tally.chart() is None


def test_the_picture_has_each_seat_in_its_place_as_it_ended() -> None:
    chart = chart_of(
        show(), hold(10, 20, [A]), told("confirm", 30, 40, order_id="o"), hold(1, 2, ["back-1-1"], who="bob")
    )
    assert rows_of(BLOCKS) == [[A, B, "front-1-3"], ["back-1-1"]]
    seats = {seat["id"]: (seat["x"], seat["y"], seat["state"]) for seat in picture(chart)["seats"]}
    assert seats == {A: (0, 0, SOLD), B: (22, 0, FREE), "front-1-3": (44, 0, FREE), "back-1-1": (22, 22, FREE)}
    assert [key["count"] for key in legend(chart)] == [3, 0, 0, 1, 0]
    assert len({key["shape"] for key in legend(chart)}) == len(STATES) == len(SHAPES), "none by colour alone"


def run_of(path: Path) -> RunDirectory:
    """Write the run of two variants, in one of which two have a seat."""
    run = RunDirectory(path / "20261126T112000Z-seat-rush-7")
    run.path.mkdir()
    run.run.write_bytes(msgspec.json.encode({"run": run.name, "scenario": "seat-rush"}))
    pins = [told("confirm", 100, 2_000 + place, who=who, order_id=who) for place, who in enumerate(("ann", "bob"))]
    both = [hold(10, 20, [A]), hold(30, 40, [A], who="bob")]
    for name, settled in (("naive", pins), ("setnx", pins[:1])):
        lines = [
            show(),
            *both,
            *settled,
            told("hold", 2_500, 2_600, who="eve", outcome="fail", seats=[B], ttl_ms=1_000),
        ]
        run.variant(name).create().history.write_bytes(b"".join(map(encode_operation, lines)))
    return run


def test_the_page_shows_the_end_without_a_script(tmp_path: Path) -> None:
    page = render(run_of(tmp_path)).read_text()
    hall = page[page.index('<section id="hall">') : page.index('<section id="load">')]
    assert hall.count("<figure") == 2
    assert "✗ 1 seat is two people’s" in hall
    assert "✓ no seat is two people’s" in hall
    assert re.findall(r'class="seat s(\d)" data-seat="front-1-1"', hall) == [str(TWICE), str(SOLD)]
    assert '<a href="#hall">' in page


MOVED = "+document.getElementById('hall-at').value > 0.2"
FRAMES = (
    f"() => new Promise(done => {{ const look = () => ({MOVED}) ? done() : requestAnimationFrame(look); look(); }})"
)


@pytest.mark.browser
def test_the_hall_is_followed_through_the_rush(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not on PATH")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_context(viewport={"width": 380, "height": 900}, offline=True).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(render(run_of(tmp_path)).as_uri())
        states = []
        for second in (0, 1, 2.55):
            page.locator("#hall-at").fill(str(second))
            states.append(page.get_attribute(f'[data-hall="0"] [data-seat="{A}"]', "class"))
        assert [state and state.split()[:2] for state in states] == [["seat", "s0"], ["seat", "s1"], ["seat", "s4"]]
        assert page.get_attribute(f'[data-hall="0"] [data-seat="{B}"]', "class") == "seat s0 asked"
        assert page.inner_text("#hall-told") in {"2.5 s", "2.6 s"}
        page.locator("#hall-at").fill("0")
        page.click("#hall-play")
        page.evaluate(FRAMES)
        page.click("#hall-play")
        assert page.inner_text("#hall-play") == "Play"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert complaints == []
        browser.close()
