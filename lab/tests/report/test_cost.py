"""The census of a run stands in its page: a chart of memory, and a row a part."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from trivet_lab.evidence import RunDirectory, Sample, SampleFile
from trivet_lab.report import render
from trivet_lab.report.cost import census_of, cost_chart, cost_rows

SECOND = 1_000_000_000
MIB = 1024 * 1024


def samples(seconds: int = 10) -> list[Sample]:
    """Return a census of seven parts whose memory grows by a MiB a second; the last of them dies after half of it."""
    found = []
    for at_s in range(seconds):
        for place, part in enumerate(["<b>envoy", "lab", "postgres", "a", "b", "c", "d"]):
            if part == "d" and at_s > seconds / 2:
                found.append(Sample(at_s * SECOND, "processes", part, 0))
                continue
            memory = (10 * (place + 1) + at_s) * MIB
            counted = {"memory_bytes": memory, "descriptors": 5, "processes": 2}
            found += [Sample(at_s * SECOND, series, part, value) for series, value in counted.items()]
    return found


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_shows_who_took_most_and_what_everybody_had(make_run: Any) -> None:
    run: RunDirectory = make_run(strategies=("redlock",))
    with SampleFile(run.variant("redlock").samples) as out:
        out.write(samples())
    page = render(run).read_text()
    [variant] = data_of(page)["variants"]
    assert [line["label"] for line in variant["cost"]["lines"]] == ["d", "c", "b", "a", "postgres"]
    assert variant["cost"]["left_out"] == 2
    assert variant["stock"]["lines"], "the stock is drawn beside it"
    table = page[page.index('<table class="grid cost">') :].partition("</table>")[0]
    assert "<bdi>&lt;b&gt;envoy</bdi>" in table
    assert len(re.findall(r"<tr><th", table)) == 1 + 7
    assert 'data-chart="cost"' in page


def test_a_run_without_a_census_has_no_word_of_cost(make_run: Any) -> None:
    page = render(make_run(strategies=("redlock",))).read_text()
    assert 'id="cost"' not in page
    assert 'data-chart="cost"' not in page


def test_figures_are_first_most_and_last() -> None:
    census = census_of((s.at_ns, s.series, s.label, s.value) for s in samples())
    rows = {row["part"]: row["cells"] for row in cost_rows(census, "redlock")}
    assert rows["lab"][0] == {"first": "20", "most": "29", "last": "29"}
    assert rows["d"] == [
        {"first": "70", "most": "75", "last": "75"},
        {"first": "5", "most": "5", "last": "5"},
        {"first": "2", "most": "2", "last": "0"},
    ]
    assert cost_rows({}, "redlock") == []
    assert cost_chart({}, SECOND) is None


def test_a_census_is_as_small_in_the_page_whatever_its_length() -> None:
    sizes = [
        len(
            msgspec.json.encode(
                cost_chart(census_of((s.at_ns, s.series, s.label, s.value) for s in samples(n)), n * SECOND)
            )
        )
        for n in (60, 3600)
    ]
    assert sizes[1] < 1.5 * sizes[0]
