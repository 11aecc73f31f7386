"""The table has the columns of what its scenarios count."""

from __future__ import annotations

from trivet_lab.cli.table import table
from trivet_lab.evidence import Latency, Load, Results, VariantResult


def results(scenario: str, **figures: int) -> Results:
    variant = VariantResult("v", "valid", "valid", [], {}, 12.0, Latency(1, 20, 3), Load(0.1, 0.2), figures)
    return Results("r", scenario, "valid", "valid", [variant])


def test_one_scenario_names_its_own_columns() -> None:
    head, _, line = table([("c", results("flash-sale", sold=7, oversold=1, lock_overlaps=5))])
    assert head.split() == ["claim", "variant", "expected", "got", "sold", "oversold", "ok/s", "p99", "ms"]
    assert line.split()[-4:] == ["7", "1", "12", "20"]


def test_scenarios_that_count_different_things_share_the_columns() -> None:
    head, _, *lines = table(
        [("a", results("flash-sale", sold=7, oversold=1)), ("b", results("double-spend", spent=90, lost=3))]
    )
    assert "sold / spent  oversold / lost" in head
    assert [line.split()[-4:-2] for line in lines] == [["7", "1"], ["90", "3"]]


def test_what_could_not_be_counted_is_nothing() -> None:
    head, _, line = table([("c", results("flash-sale"))])
    assert head.split() == ["claim", "variant", "expected", "got", "ok/s", "p99", "ms"]
    assert line.split()[-4:] == ["0", "0", "12", "20"]
