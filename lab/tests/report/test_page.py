from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from trivet_lab.evidence import RunDirectory, read_results
from trivet_lab.report import embed, render

MakeRun = Callable[..., RunDirectory]
HOSTILE = [
    "</script><script>window.owned=1</script>",
    '"><img src=x onerror="window.owned=1">',
    "\u202egro.elpmaxe",
    "{{ 7 * 7 }}",
]


@pytest.fixture(scope="module")
def run(make_run: MakeRun) -> RunDirectory:
    return make_run()


@pytest.fixture(scope="module")
def page(run: RunDirectory) -> str:
    return render(run).read_text(encoding="utf-8")


def words(page: str) -> str:
    """Return what a reader reads, without markup, styles and scripts."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_page_is_the_runs_own_file_and_leaves_no_draft(run: RunDirectory) -> None:
    assert render(run) == run.report
    assert {path.name for path in run.path.iterdir()} == {"run.json", "results.json", "variants", "report.html"}


def test_the_verdict_leads_and_the_rest_follows_in_order(page: str) -> None:
    text = words(page)
    order = [
        "tickets that did not exist; advisory and redlock sold none too many.", "All 3 verdicts are as expected.",
        "✓ invalid, as it must be", "The proof against naive", "at the same moment", "Checks", "Stock over time",
        "Throughput and latency", "Outcomes", "The crowd", "What the crowd itself cost", "What was real",
        "What was simulated", "./trivet run flash-sale --seed 7",
    ]  # fmt: skip
    places = [text.rindex(sentence) for sentence in order]
    assert places == sorted(places)


def test_the_rule_stands_beside_what_was_observed(page: str) -> None:
    row = re.search(r"<tr>\s*<th scope=\"row\"><span class=\"name\">no oversell.*?</tr>", page, re.DOTALL)
    assert row
    told = words(row.group())
    assert "units sold so far are at most its initial stock" in told
    assert "✗ broken" in told
    assert told.count("✓ holds") == 2


def test_the_witness_names_who_met_whom_and_the_stock_after_each(page: str) -> None:
    proof = words(page[page.index('id="proof"') : page.index('id="checks"')])
    assert re.search(r"client \d+ buy 1 × ticket-\d operation \d+ key buy-\d+ version \d+ called at", proof)
    assert "200 purchased 0 client" in proof
    assert "200 purchased −1" in proof


def test_nothing_is_fetched(page: str) -> None:
    without_namespaces = page.replace("http://www.w3.org/", "")
    own = re.sub(r"<script>.*?</script>", "", without_namespaces, flags=re.DOTALL)
    assert not re.findall(r"https?://|url\((?!#)|@import|<link|<img|<iframe|src=", own)


def test_the_policy_names_every_script_and_style_in_the_page(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    elements = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page, re.DOTALL)
    assert len(elements) == 5
    for text in elements:
        assert embed.csp_hash(text) in html.unescape(policy.group(1))
    assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son\w+=", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))


def test_an_id_stands_once(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_what_a_checker_drew_is_linked_from_its_rule(make_run: MakeRun) -> None:
    run = make_run(strategies=("naive",), seconds=4)
    broken = next(check.name for check in read_results(run.results).variants[0].checks if check.verdict == "invalid")
    assert "See it drawn" not in render(run).read_text(encoding="utf-8")
    run.variant("naive").path.joinpath(f"{broken}.html").touch()
    page = render(run).read_text(encoding="utf-8")
    [link] = re.findall(r'<a href="([^"]+)">See it drawn</a>', page)
    assert (run.report.parent / link).exists()


def test_hostile_names_stay_text(make_run: MakeRun) -> None:
    run = make_run(items=HOSTILE, strategies=("naive",), seconds=4, claim=HOSTILE[0], commit=HOSTILE[1])
    page = render(run).read_text(encoding="utf-8")
    assert page.count("<script") == 3
    assert "<img" not in page
    assert f"<bdi>{html.escape(HOSTILE[0])}</bdi>" in page
    assert f"<bdi>{HOSTILE[2]}</bdi>" in page
    assert "{{ 7 * 7 }}" in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data
    assert set(json.loads(data.group(1))["items"]) == set(HOSTILE)


def test_an_unfinished_run_shows_what_there_is(make_run: MakeRun) -> None:
    run = make_run(finished=False, strategies=("naive", "advisory"))
    shutil.rmtree(run.variant("advisory").ledgers)
    history = run.variant("advisory").history
    history.write_bytes(history.read_bytes()[:50_000])
    text = words(render(run).read_text(encoding="utf-8"))
    assert "This run is unfinished: there is no verdict." in text
    assert "of naive and advisory. What there is, is shown; nothing was judged." in text
    assert "expected invalid got unfinished" in text
    assert "Its history cannot be read beyond" in text
    assert "All" not in text
    assert "fell to −" in text
    assert "? no sample below zero" in text
    assert "✓" not in text


def test_an_empty_history_is_said_to_be_empty(make_run: MakeRun) -> None:
    run = make_run(finished=False, strategies=("naive",))
    for path in (run.variant("naive").path, run.run):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    run.variant("naive").create().history.touch()
    text = words(render(run).read_text(encoding="utf-8"))
    for sentence in (
        "Its history holds no operation.",
        "Nothing was answered.",
        "No operation has ended.",
        "run.json does not say how.",
    ):
        assert sentence in text


def test_a_directory_without_anything_has_a_page_too(tmp_path: Path) -> None:
    text = words(render(RunDirectory(tmp_path)).read_text(encoding="utf-8"))
    assert "Nothing was written down but that it began." in text


def test_the_page_does_not_grow_with_the_crowd(make_run: MakeRun) -> None:
    small, large = (make_run(strategies=("advisory",), rate=rate, seconds=6) for rate in (100, 2_000))
    lines = [len(run.variant("advisory").history.read_bytes().splitlines()) for run in (small, large)]
    assert lines[1] > 10 * lines[0]
    assert render(large).stat().st_size < 1.1 * render(small).stat().st_size
