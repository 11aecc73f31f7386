"""What a run tells of leases stands in its page: a proof when two were believed at once, a strip when one was lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trivet_lab.checkers import lease_meetings
from trivet_lab.evidence import (
    Event,
    Finding,
    LeaseHeld,
    LeaseOver,
    PlannedVariant,
    RunDirectory,
    VariantDirectory,
    read_results,
)
from trivet_lab.report import render
from trivet_lab.report.leases import overlap_bands
from trivet_lab.report.witness import lay_out
from trivet_lab.verdict import count_overlaps, judge_variant

MS = 1_000_000
SECOND = 1_000 * MS
FIRST, SECOND_ONE = "inventory-api-1", "inventory-api-2"


def held(process: str, fence: int, held_s: float, until_s: float, item: str = "t") -> LeaseHeld:
    return LeaseHeld(process, item, fence, round(held_s * SECOND), round(until_s * SECOND))


def over(process: str, fence: int, over_s: float, item: str = "t") -> LeaseOver:
    return LeaseOver(process, item, fence, round(over_s * SECOND))


def tell(directory: VariantDirectory, *events: Event) -> None:
    directory.events.write_bytes(msgspec.json.Encoder().encode_lines(events))


def finding(*events: Event) -> Finding:
    witness = [msgspec.to_builtins(event) for event in events]
    return Finding("leases_exclusive", "No two are believed at once.", "believed at once", "invalid", witness)


def test_two_leases_that_were_believed_at_once_are_two_bars_that_overlap() -> None:
    witness = lay_out(finding(held(FIRST, 1, 1, 2), over(FIRST, 1, 1.8), held(SECOND_ONE, 2, 1.4, 2.4)), {})
    (timeline,) = witness.timelines
    first, second = timeline.entries
    assert (first.who, first.what, first.answer, first.facts) == (
        FIRST, "lease on t", "used for 800 ms", [("fence", "1")],
    )  # fmt: skip
    assert (second.who, second.answer) == (SECOND_ONE, "never told its end")
    assert [(entry.call_ms, entry.return_ms) for entry in timeline.entries] == [(0, 800), (400, 1400)]
    assert timeline.both == (28.57, 28.57)
    assert timeline.story[0].startswith(f"{SECOND_ONE} held the lock of t and believed in it while {FIRST} still did.")
    assert not timeline.has_stock


def test_a_lease_that_was_used_too_long_ends_where_it_was_believed_no_more() -> None:
    (timeline,) = lay_out(finding(held(FIRST, 1, 1, 2), over(FIRST, 1, 5), held(SECOND_ONE, 2, 1.5, 3)), {}).timelines
    assert timeline.entries[0].return_ms == 1000
    assert timeline.entries[0].answer == "used for 4.00 s"


def test_leases_of_one_name_have_each_an_end_of_their_own() -> None:
    """As the flow was drawn there are no fences: every lease of a process on an item has the same name."""
    two = [held(FIRST, 0, 1, 3), over(FIRST, 0, 2), held(SECOND_ONE, 0, 1.5, 4)]
    witness = finding(*two, held(FIRST, 0, 3.5, 5), over(FIRST, 0, 3.8), held(FIRST, 0, 3.9, 6))
    (timeline,) = lay_out(witness, {}).timelines
    bars = [(entry.who, entry.call_ms, entry.return_ms, entry.answer) for entry in timeline.entries]
    assert bars == [
        (FIRST, 0, 1000, "used for 1.00 s"),
        (SECOND_ONE, 500, 3000, "never told its end"),
        (FIRST, 2500, 2800, "used for 300 ms"),
        (FIRST, 2900, 5000, "never told its end"),
    ]


@pytest.mark.parametrize(
    ("events", "bands"),
    [
        ([held("a", 1, 1, 2), over("a", 1, 4), held("b", 2, 2.5, 3), over("b", 2, 2.6)], [(2.5, 4)]),
        (
            [held("a", 1, 1, 2), over("a", 1, 4), held("b", 2, 2.5, 3), over("b", 2, 2.6), held("b", 3, 3, 5)],
            [(2.5, 4)],
        ),
        (
            [
                held("a", 1, 1, 2),
                over("a", 1, 3),
                held("b", 2, 2.5, 3),
                held("a", 3, 5, 6),
                over("a", 3, 8),
                held("b", 4, 7, 8),
            ],
            [(2.5, 3), (7, 8)],
        ),
        (
            [
                held("a", 1, 1, 2),
                over("a", 1, 4),
                held("b", 2, 3, 5),
                held("a", 3, 1, 2, "u"),
                over("a", 3, 6, "u"),
                held("b", 4, 2, 5, "u"),
            ],
            [(2, 6)],
        ),
        ([held("a", 1, 1, 2), over("a", 1, 2), held("b", 2, 2.5, 3), over("b", 2, 2.6)], []),
    ],
)
def test_a_strip_lasts_from_the_next_holder_to_the_end_of_the_late_one(
    events: list[Event], bands: list[tuple[float, float]], tmp_path: Any
) -> None:
    directory = VariantDirectory(tmp_path)
    at = {id(event): event.held_ns if isinstance(event, LeaseHeld) else event.over_ns for event in events}
    tell(directory, *sorted(events, key=lambda event: at[id(event)]))
    assert [(band["from_s"], band["to_s"]) for band in overlap_bands(lease_meetings(directory))] == bands


def test_the_page_has_the_proof_the_strip_and_its_meaning(make_run: Any) -> None:
    run: RunDirectory = make_run(strategies=("redlock",))
    directory = run.variant("redlock")
    tell(directory, held(FIRST, 1, 1, 2), held(SECOND_ONE, 2, 1.5, 3), over(SECOND_ONE, 2, 1.6), over(FIRST, 1, 4))
    results = read_results(run.results)
    rules = ["lock_overlaps", "leases_exclusive"]
    judged = judge_variant(directory, PlannedVariant("redlock", "valid", []), rules, count_overlaps(directory))
    run.results.write_bytes(msgspec.json.encode(msgspec.structs.replace(results, variants=[judged])))
    page = render(run).read_text()
    assert '"overlaps":[{"from_s":1.5,"to_s":4.0}]' in page
    assert "The strip <em>two holders</em> marks" in page
    assert "<dt>lock overlaps</dt><dd>1</dd>" in page
    assert "held at 0.00 ms, no longer believed at 1.00 s" in page
    assert "A bar is the time for which a holder used its lease" in page
    assert 'rect class="bar lease"' in page


def test_a_run_without_leases_has_no_word_of_them(make_run: Any) -> None:
    page = render(make_run(strategies=("redlock",))).read_text()
    assert "two holders</em>" not in page
    assert "lock overlaps" not in page
