import itertools
from pathlib import Path

import pytest

from trivet_lab.cli.table import got, table
from trivet_lab.evidence import (
    Finding,
    Latency,
    Load,
    PlannedVariant,
    VariantResult,
    Verdict,
    read_results,
    write_results,
)
from trivet_lab.verdict import is_as_expected, judge, summarise

NAIVE = PlannedVariant("naive", "invalid", ["no_oversell"])
GUARDED = PlannedVariant("redlock", "valid", [])
VERDICTS: tuple[Verdict, ...] = ("valid", "invalid", "unknown")


def finding(name: str, verdict: Verdict) -> Finding:
    return Finding(name, "a rule", "a count", verdict)


def result(
    verdict: Verdict, expected: Verdict, *, as_expected: bool, checks: list[Finding] | None = None
) -> VariantResult:
    return VariantResult(
        name="x",
        verdict=verdict,
        expected=expected,
        checks=checks or [],
        outcomes={},
        per_s=0.0,
        latency_ms=Latency(0.0, 0.0, 0.0),
        load=Load(0.0, 0.0),
        as_expected=as_expected,
    )


@pytest.mark.parametrize(("planned", "verdict"), list(itertools.product([NAIVE, GUARDED], VERDICTS)))
def test_only_the_expected_verdict_is_as_expected(planned: PlannedVariant, verdict: Verdict) -> None:
    findings = [finding("no_oversell", verdict)]
    assert is_as_expected(verdict, planned, findings) == (verdict == planned.expected)


def test_a_naive_that_is_caught_for_another_reason_is_not_as_expected() -> None:
    findings = [finding("no_oversell", "valid"), finding("no_lost_purchase", "invalid")]
    assert not is_as_expected("invalid", NAIVE, findings)


def test_a_naive_that_breaks_more_than_declared_is_not_as_expected() -> None:
    findings = [finding("no_oversell", "invalid"), finding("no_lost_purchase", "invalid")]
    assert not is_as_expected("invalid", NAIVE, findings)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result("valid", "valid", as_expected=True), result("invalid", "invalid", as_expected=True)], 0),
        ([result("valid", "invalid", as_expected=False)], 1),
        ([result("invalid", "valid", as_expected=False)], 1),
        ([result("invalid", "invalid", as_expected=False)], 1),
        ([result("unknown", "valid", as_expected=False)], 2),
        ([result("unknown", "valid", as_expected=False), result("invalid", "valid", as_expected=False)], 1),
        ([], 2),
    ],
)
def test_exit_codes(results: list[VariantResult], code: int) -> None:
    assert judge(results).exit_code == code


def test_a_runs_verdict_is_over_the_variants_that_are_expected_valid() -> None:
    naive = result("invalid", "invalid", as_expected=True)
    assert summarise("r", "s", [naive, result("valid", "valid", as_expected=True)]).verdict == "valid"
    assert summarise("r", "s", [naive, result("unknown", "valid", as_expected=False)]).verdict == "unknown"


def test_the_table_says_what_must_be_so() -> None:
    assert got(result("invalid", "invalid", as_expected=True)) == "✓ invalid, as it must be"
    assert got(result("valid", "valid", as_expected=True)) == "✓ valid"
    caught = result("invalid", "valid", as_expected=False, checks=[finding("no_oversell", "invalid")])
    assert got(caught) == "✗ invalid: no_oversell"
    assert got(result("valid", "invalid", as_expected=False)).startswith("✗ valid")
    assert got(result("unknown", "valid", as_expected=False)).startswith("?")


def test_the_table_has_one_line_a_variant() -> None:
    results = summarise("r", "s", [result("valid", "valid", as_expected=True)] * 3)
    lines = table([("a claim", results)])
    assert len(lines) == 2 + 3
    assert sum("a claim" in line for line in lines) == 1


def test_results_survive_the_disk(tmp_path: Path) -> None:
    results = summarise("r", "s", [result("valid", "valid", as_expected=True, checks=[finding("a", "valid")])])
    write_results(tmp_path / "results.json", results)
    assert read_results(tmp_path / "results.json") == results
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
