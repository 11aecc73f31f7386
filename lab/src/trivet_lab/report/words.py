"""The page's sentences: what a stranger reads first, made from the results alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from trivet_lab.evidence import Results, VariantResult, Verdict
from trivet_lab.report.trade import Trade

Mark = Literal["✓", "✗", "?"]
TONES: dict[Mark, str] = {"✓": "good", "✗": "bad", "?": "unsure"}


def verdict_words(got: Verdict, expected: Verdict, *, as_expected: bool) -> tuple[Mark, str]:
    """Return the mark and the words of a verdict beside what was expected; the mark says whether they agree."""
    if as_expected:
        return "✓", got if got == "valid" else f"{got}, as it must be"
    if got == expected:
        return "✗", f"{got}, but not for the reason it must be"
    if got == "unknown":
        return "?", "unknown"
    return "✗", got if expected == "valid" else f"{got}, but it must be {expected}"


def finding_words(verdict: Verdict) -> tuple[Mark, str]:
    """Return the mark and the word of one check."""
    marks: dict[Verdict, tuple[Mark, str]] = {
        "valid": ("✓", "holds"),
        "invalid": ("✗", "broken"),
        "unknown": ("?", "unknown"),
    }
    return marks[verdict]


def run_words(results: Results) -> tuple[Mark, str]:
    """Return the run's mark, and one line on whether every variant did what it must."""
    variants = results.variants
    odd = [variant for variant in variants if not variant.as_expected]
    if not variants:
        return "?", "No variant was judged."
    if odd:
        told = "; ".join(f"{variant.name} is {_verdict_of(variant)[1]}" for variant in odd)
        mark: Mark = "?" if all(variant.verdict == "unknown" for variant in odd) else "✗"
        return mark, f"Not every verdict is as expected: {told}."
    if len(variants) == 1:
        return "✓", "Its one verdict is as expected."
    each = "Both" if len(variants) == 2 else f"All {len(variants)}"
    return "✓", f"{each} verdicts are as expected."


def _verdict_of(variant: VariantResult) -> tuple[Mark, str]:
    return verdict_words(variant.verdict, variant.expected, as_expected=variant.as_expected)


def seal_words(results: Results) -> tuple[str, str]:
    """Return the word on the seal, and what it speaks of.

    A run of variants that must all fail has no verdict of its own, though everything went as it must.
    """
    if any(variant.expected == "valid" for variant in results.variants):
        return results.verdict, "The verdict is over the variants that must be valid."
    word = (
        "as expected"
        if results.variants and all(variant.as_expected for variant in results.variants)
        else results.verdict
    )
    return word, "No variant of this run had to be valid."


def headline(results: Results, trade: Trade) -> str:
    """Return the sentence that a stranger understands, in the words of what is traded."""
    variants = results.variants
    harmed = [variant for variant in variants if variant.figures.get(trade.harm, 0) > 0]
    clean = [variant for variant in variants if variant.verdict == "valid" and variant not in harmed]
    broken = [variant for variant in variants if variant.verdict == "invalid" and variant not in harmed]
    unsure = [variant for variant in variants if variant.verdict == "unknown" and variant not in harmed]
    clauses = [
        f"{variant.name} {trade.did.format(count=counted(variant.figures[trade.harm], trade.unit))}"
        for variant in harmed
    ]
    clauses += [f"{variant.name} broke “{_first_broken(variant)}”" for variant in broken]
    if clean:
        clauses.append(f"{listed(variant.name for variant in clean)} {trade.not_even if harmed else trade.never}")
    if unsure:
        clauses.append(f"{listed(variant.name for variant in unsure)} could not be judged")
    if not clauses:
        return "Nothing was judged in this run."
    return "; ".join(clauses) + "."


def _first_broken(variant: VariantResult) -> str:
    return next((check.rule for check in variant.checks if check.verdict == "invalid"), "a rule")


def counted(count: int, unit: str) -> str:
    """Return a count with its unit: ``1 ticket``, ``57 tickets``."""
    return f"{number(count)} {unit}" if count == 1 else f"{number(count)} {unit}s"


def listed(names: Iterable[str]) -> str:
    """Return names as prose: ``a``, ``a and b``, ``a, b and c``."""
    *head, last = list(names) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def number(value: float, digits: int = 0) -> str:
    """Return a figure with thousands apart and a true minus sign."""
    return f"{value:,.{digits}f}".replace("-", "−")


def duration_ms(value: float) -> str:
    """Return milliseconds with about three digits, as seconds from one second on."""
    if value >= 1_000:
        return f"{number(value / 1000, 2 if value < 10_000 else 1)} s"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{number(value, digits)} ms"


def label(name: str) -> str:
    """Return a field's name as words: ``rate_per_s`` → ``rate per s``."""
    return name.replace("_", " ")
