"""What was acknowledged a second: whoever asks again for the same gets nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trivet_lab.evidence import Attempt, Operation, VariantDirectory, encode_operation
from trivet_lab.load import Item, Phase, Plan, Sale, Seating, Show, write_plan
from trivet_lab.verdict import measure

HOLD = {"show_id": "s", "subject": "ann", "id": "h", "seats": ["a-1"]}


def per_s(path: Path, errand: Sale | Seating, operations: list[tuple[str, dict[str, Any], str | None]]) -> float:
    """Return the rate of these, all done within one second."""
    directory = VariantDirectory(path).create()
    inside = ("http://127.0.0.1:2",)
    phases = [Phase("steady", 1, 1)]
    plan = Plan(
        seed=1,
        url="http://127.0.0.1:1",
        inside=inside,
        epoch_ns=0,
        clients=1,
        phases=phases,
        directory="x",
        errand=errand,
    )
    write_plan(directory.plan, plan)
    lines = [
        Operation(number, 1, f, args, key, "ok", {}, [Attempt(1, 1_000_000_001, 200)])
        for number, (f, args, key) in enumerate(operations)
    ]
    directory.history.write_bytes(b"".join(map(encode_operation, lines)))
    return measure(directory).per_s


def test_a_key_counts_once_and_what_has_none_each_time(tmp_path: Path) -> None:
    sale = Sale(items=[Item("a", 1)])
    assert per_s(tmp_path, sale, [("buy", {}, "k"), ("buy", {}, "k"), ("buy", {}, None), ("buy", {}, None)]) == 3


def test_what_is_named_by_what_it_asks_counts_once_by_that_name(tmp_path: Path) -> None:
    seating = Seating(shows=[Show("s", 1)])
    pins = [("pin", HOLD | {"order_id": order}, None) for order in ("o-1", "o-2", "o-1")]
    others: list[tuple[str, dict[str, Any], str | None]] = [
        ("hold", HOLD, None),
        ("hold", HOLD, None),
        ("hold", HOLD | {"subject": "bob"}, None),
        ("extend", HOLD, None),
        ("extend", HOLD, None),
        ("seat_map", {"show_id": "s"}, None),
    ]
    assert per_s(tmp_path, seating, [*pins, *others]) == 2 + 2 + 2, "two pins, two holds, and each extension anew"
