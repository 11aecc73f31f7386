"""The page is of the results alone, and the committed one is of the committed ones."""

from __future__ import annotations

from collections.abc import Callable

from trivet_lab.bench import Ceiling, Result, Shelf, find_scripts, line_of, render
from trivet_lab.settings import lab_settings

Make = Callable[..., Result]


def table(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("|")]


def test_the_committed_page_is_what_the_committed_results_say() -> None:
    """``./trivet bench --page`` writes it anew."""
    shelf = Shelf.of(lab_settings().root)
    assert shelf.page.read_text() == render(shelf.results())


def test_each_committed_result_is_of_a_script_that_is_there() -> None:
    root = lab_settings().root
    known = {script.file.as_posix() for script in find_scripts(root)}
    results = Shelf.of(root).results()
    assert results
    assert {result.script for result in results} <= known


def test_each_committed_miss_is_explained() -> None:
    assert [one.bench for one in Shelf.of(lab_settings().root).results() if one.met is not True and not one.why] == []


def test_the_table_has_a_row_a_bench_in_the_order_of_names(result: Make) -> None:
    page = render([result(bar=0.5, aim=1), result(bench="gate", bar=0.7, unit="ms", bound=True)])
    assert table(page)[2:] == [
        "| [gate](#gate) | ms | 12.5 (10 to 15) | 20 | 1.6 (1.33 to 2) | 1 | – | ✓ |",
        "| [till](#till) | sales/s | 12.5 (10 to 15) | 20 (20 to 20) | 0.625 (0.5 to 0.75) | 0.5 | 1 | ✓ |",
    ]


def test_the_order_of_the_files_changes_nothing(result: Make) -> None:
    both = [result(), result(bench="gate")]
    assert render(both) == render(both[::-1])


def test_a_miss_without_a_reason_says_that(result: Make) -> None:
    page = render([result(bar=0.9)])
    assert "**Why:** the bar is missed, and not explained yet" in page
    assert table(page)[-1].endswith("| ✗ |")
    assert "not explained yet" not in render([result(bar=0.9, why="the disk: 70 % of the time is fsync.")])


def test_a_generator_near_its_ceiling_is_told(result: Make) -> None:
    page = render([result(bar=0.5, ceiling=Ceiling(per_s=120, figure_per_s=100))])
    assert table(page)[-1].endswith("| ? |")
    assert "120 requests/s against a bare responder, 1.2 times the 100 of this bench, below 1.5" in page
    assert "below 1.5" not in render([result(bar=0.5, ceiling=Ceiling(per_s=300, figure_per_s=100))])


def test_a_section_has_what_it_takes_to_repeat_it(result: Make) -> None:
    page = render([result(figures={"statements a sale": 4})])
    for words in (
        "## till\n\nA till and a drawer.\n",
        "- again: `./trivet bench till`, which runs `shop/till/bench/till.py`",
        "- commit: `unknown`",
        "- statements a sale: 4",
        "6 pairs of ours and peer, sales/s:",
        "10 20   11 20   12 20   13 20   14 20   15 20",
    ):
        assert words in page


def test_too_few_pairs_are_told(result: Make) -> None:
    assert "(too few pairs)" in line_of(result(pairs=[(1.0, 2.0)]))


def test_without_results_the_page_says_so() -> None:
    assert "Nothing has been measured yet." in render([])
