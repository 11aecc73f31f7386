"""A proof about seats is told seat by seat: who met whom, and what each was told."""

from __future__ import annotations

from typing import Any

from trivet_lab.evidence import Finding
from trivet_lab.report.seats import stories_of
from trivet_lab.report.witness import lay_out


def operation(op: int, f: str, who: str, outcome: str = "ok", **args: Any) -> dict[str, Any]:
    value = args.pop("value", {})
    attempt = {"call_ns": op * 10**6, "return_ns": (op + 5) * 10**6, "status": 200 if outcome == "ok" else 409}
    attempt["code"] = None if outcome == "ok" else "already-held"
    named = {"show_id": "s", "id": "h-1", "subject": who, **args}
    return {
        "op": op, "client": 1, "f": f, "args": named, "key": None, "outcome": outcome,
        "value": value if outcome == "ok" else None, "attempts": [attempt],
    }  # fmt: skip


def row(seat: str, who: str, order_id: str) -> dict[str, Any]:
    return {
        "show_id": "s", "seat_id": seat, "hold_id": "h-1", "subject": who, "order_id": order_id, "state": "sold",
        "fence": 7, "unit_price_minor": 100,
    }  # fmt: skip


TWO = [
    operation(1, "hold", "ann", seats=["a-1", "a-2"]),
    operation(2, "hold", "bob", seats=["a-2", "a-3"]),
    operation(3, "confirm", "ann", order_id="o-1", value={"seats": ["a-1", "a-2"], "fence": 3}),
    operation(4, "confirm", "bob", order_id="o-2", value={"seats": ["a-2", "a-3"], "fence": 4}),
    operation(5, "pin", "bob", "fail", order_id="o-3"),
    row("a-2", "ann", "o-1"),
    row("a-2", "bob", "o-2"),
    row("a-2", "eve", "o-9"),
]
ELSEWHERE = [operation(9, "hold", "eve", "fail", seats=["z-9"], id="h-2"), {"show_id": "s", "name": "S"}]


def finding(witness: list[dict[str, Any]]) -> Finding:
    return Finding("seat_sold_once", "No seat is sold twice.", "one is", "invalid", witness)


def test_what_shares_a_seat_or_a_hold_is_one_story_told_under_the_seat_that_most_is_about() -> None:
    assert stories_of([*TWO, *ELSEWHERE]) == dict.fromkeys(range(8), "a-2") | {8: "z-9", 9: "s"}
    assert stories_of([{"item_id": "x"}, {"args": {"item_id": "x"}, "attempts": []}]) == {}


def test_two_who_have_one_seat_meet_in_one_timeline() -> None:
    first, *others = lay_out(finding([*TWO, *ELSEWHERE]), {}).timelines
    assert first.item == "a-2"
    assert first.story == ["Ann and bob both have a-2: what is one person’s was given to a second."]
    told = [(entry.who, entry.what, entry.answer) for entry in first.entries]
    assert told == [
        ("ann", "hold a-1, a-2", "200 held"),
        ("bob", "hold a-2, a-3", "200 held"),
        ("ann", "confirm a-1, a-2 for o-1", "200 sold"),
        ("bob", "confirm a-2, a-3 for o-2", "200 sold"),
        ("bob", "pin for o-3", "409 already-held"),
        ("ledger: eve", "sold a-2 for o-9", "committed"),
    ]
    own_row = ("ledger", "sold a-2 for o-1")
    assert first.entries[2].facts == [("hold", "h-1"), ("operation", "3"), ("fence", "3"), own_row]
    assert first.entries[-1].facts == [("hold", "h-1"), ("fence", "7")]
    assert {timeline.item for timeline in others} == {"z-9", "s"}


def test_one_who_has_a_seat_and_the_row_of_it_are_no_collision() -> None:
    [timeline] = lay_out(finding([TWO[0], TWO[2], TWO[5]]), {}).timelines
    assert timeline.story == []
