"""Judges what lies in a run's directory: the same code after a run, and again for ``trivet check``."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import Finding, PlannedVariant, Results, VariantDirectory, VariantResult, Verdict
from trivet_lab.verdict.combination import combine, judge
from trivet_lab.verdict.measures import measure


def judge_variant(
    directory: VariantDirectory, planned: PlannedVariant, checkers: Sequence[str], figures: dict[str, int]
) -> VariantResult:
    """Run the checkers over a variant's directory and put their findings beside its figures."""
    findings = check_variant(directory, [*checkers, *planned.checkers])
    verdict = combine(finding.verdict for finding in findings)
    measures = measure(directory)
    return VariantResult(
        name=planned.name,
        verdict=verdict,
        expected=planned.expected,
        checks=findings,
        outcomes=measures.outcomes,
        per_s=measures.per_s,
        latency_ms=measures.latency_ms,
        load=measures.load,
        figures=figures,
        as_expected=is_as_expected(verdict, planned, findings),
    )


def is_as_expected(verdict: Verdict, planned: PlannedVariant, findings: Sequence[Finding]) -> bool:
    """Tell whether a variant did what its scenario says.

    A variant that is expected invalid has to be caught by the very checkers it was built to be caught by: one that
    is invalid since purchases got lost would otherwise pass for one that oversold.
    """
    if verdict != planned.expected:
        return False
    caught = {finding.name for finding in findings if finding.verdict == "invalid"}
    return caught <= set(planned.breaks)


def summarise(run: str, scenario: str, results: Sequence[VariantResult]) -> Results:
    """Return a run's results; its own verdict is over the variants that are expected valid."""
    return Results(run=run, scenario=scenario, verdict=judge(results).verdict, expected="valid", variants=list(results))
