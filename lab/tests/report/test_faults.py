"""What was broken on purpose stands in the page: a row each, and a band in the charts while it was in effect."""

from __future__ import annotations

from typing import Any

import pytest

from trivet_lab.evidence import FaultRecord, RunDirectory, write_faults
from trivet_lab.report import render
from trivet_lab.report.charts import fault_bands

SECOND = 1_000_000_000


def broken(fault: str, target: str, asked: float | None, effective: float | None, healed: float | None) -> FaultRecord:
    times = [None if at is None else round(at * SECOND) for at in (asked, effective, healed)]
    return FaultRecord(fault, target, times[0], times[1], times[2], f"what became of {target}")


def test_a_fault_has_its_row_with_what_the_probes_saw(make_run: Any) -> None:
    run: RunDirectory = make_run(strategies=("redlock",))
    faults = [broken("kill", "<b>postgres", 1, 1.25, 2.5), broken("pause", "valkey-1", 2, None, 3)]
    write_faults(run.variant("redlock").faults, faults)
    page = render(run).read_text()
    table = page[page.index('<table class="grid faults">') :].partition("</table>")[0]
    for words in (
        "kill <bdi>&lt;b&gt;postgres</bdi>",
        "1.00 s",
        "1.25 s",
        "2.50 s",
        "what became of valkey-1",
        "never",
        "What was acknowledged survives the sudden death of a process",
        "It proves nothing: a probe has to see it in effect, and healed.",
    ):
        assert words in table
    assert '"from_s":1.25' in page.replace(" ", "")


def test_a_run_without_faults_has_no_word_of_them(make_run: Any) -> None:
    page = render(make_run(strategies=("redlock",))).read_text()
    assert 'id="faults"' not in page
    assert "#faults" not in page


@pytest.mark.parametrize(
    ("faults", "bands"),
    [
        ([broken("kill", "a", 1, 2, 3)], [("kill a", 2, 3)]),
        ([broken("kill", "a", 1, None, 3)], []),
        ([broken("kill", "a", None, None, None)], []),
        ([broken("kill", "a", 1, 2, None)], [("kill a", 2, 9)]),
        ([broken("kill", "b", 1, 2.5, 4), broken("kill", "a", 1, 2, 3)], [("kill a and b", 2, 4)]),
        ([broken("kill", "a", 1, 2, 3), broken("pause", "a", 1, 2.5, 4)], [("kill a", 2, 3), ("pause a", 2.5, 4)]),
        ([broken("kill", "a", 1, 2, 3), broken("kill", "b", 1, 5, 6)], [("kill a", 2, 3), ("kill b", 5, 6)]),
    ],
)
def test_a_band_spans_what_probes_saw(faults: list[FaultRecord], bands: list[tuple[str, float, float]]) -> None:
    drawn = fault_bands(faults, 9 * SECOND)
    assert [(band["label"], band["from_s"], band["to_s"]) for band in drawn] == bands


def test_a_fault_that_this_lab_no_longer_knows_is_still_shown(make_run: Any) -> None:
    run: RunDirectory = make_run(strategies=("redlock",))
    write_faults(run.variant("redlock").faults, [broken("earthquake", "postgres", 1, 1.25, 2.5)])
    page = render(run).read_text()
    assert "earthquake <bdi>postgres</bdi>" in page
    assert "what became of postgres" in page
