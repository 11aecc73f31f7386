"""The table that a run ends with: one line a variant, what was expected beside what was found."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_lab.console import columns
from trivet_lab.evidence import Results, VariantResult, Verdict

HEAD = ["claim", "variant", "expected", "got"]
COSTS = ["ok/s", "p99 ms"]
COUNTS = 2
"""A scenario's first figures are columns: what was done, and what of it was wrong."""
SIGNS: dict[Verdict, str] = {"valid": "✓", "invalid": "✗", "unknown": "?"}
FIGURES = frozenset({4, 5, 6, 7})


def got(result: VariantResult) -> str:
    """Say what a variant turned out to be; a sign leads, so that colour is never alone."""
    if result.as_expected:
        return "✓ invalid, as it must be" if result.verdict == "invalid" else f"✓ {result.verdict}"
    caught = [finding.name for finding in result.checks if finding.verdict == result.verdict != "valid"]
    return f"{SIGNS[result.verdict] if result.verdict != 'valid' else '✗'} {result.verdict}" + (
        f": {', '.join(caught)}" if caught else ""
    )


def row(claim: str, result: VariantResult) -> list[str]:
    """Return a variant's line."""
    return [
        claim,
        result.name,
        result.expected,
        got(result),
        *[f"{count}" for count in [*result.figures.values(), 0, 0][:COUNTS]],
        f"{result.per_s:.0f}",
        f"{result.latency_ms.p99:.0f}",
    ]


def heads(runs: Sequence[Results]) -> list[str]:
    """Return what the columns of counts are called: each name once, where scenarios count different things."""
    counted = [[*result.figures][:COUNTS] for results in runs for result in results.variants]
    return [
        " / ".join(dict.fromkeys(names[place] for names in counted if len(names) > place)) for place in range(COUNTS)
    ]


def table(runs: Sequence[tuple[str, Results]]) -> list[str]:
    """Return the table of these runs, each with its claim, as lines."""
    rows = [[*HEAD, *heads([results for _, results in runs]), *COSTS]]
    for claim, results in runs:
        rows += [row(claim if index == 0 else "", result) for index, result in enumerate(results.variants)]
    lines = columns(rows, right=FIGURES)
    return [lines[0], "─" * max(len(line) for line in lines), *lines[1:]]


def explain(results: Results) -> list[str]:
    """Return one line for each finding that is not valid, rule beside observed."""
    return [
        f"{SIGNS[finding.verdict]} {result.name} · {finding.name}: {finding.rule} — {finding.observed}"
        for result in results.variants
        for finding in result.checks
        if finding.verdict != "valid"
    ]
