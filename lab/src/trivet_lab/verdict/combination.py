"""Turns findings into verdicts: of a variant, and of a run with its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import VariantResult, Verdict

__all__ = [
    "EXIT_AS_EXPECTED",
    "EXIT_BROKE",
    "EXIT_DIFFERS",
    "EXIT_UNKNOWN",
    "Judgement",
    "check_variant",
    "combine",
    "judge",
]

EXIT_AS_EXPECTED = 0
EXIT_DIFFERS = 1
EXIT_UNKNOWN = 2
EXIT_BROKE = 254
"""The lab broke or was called wrongly: nothing is said of the product."""


class Judgement(NamedTuple):
    """What a run comes to: the verdict over its variants that are expected valid, and the exit code over all."""

    verdict: Verdict
    exit_code: int


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst: *invalid* beats *unknown* beats *valid*. Of nothing, nothing is known."""
    found = set(verdicts)
    if "invalid" in found:
        return "invalid"
    return "valid" if found == {"valid"} else "unknown"


def judge(variants: Sequence[VariantResult]) -> Judgement:
    """Return a run's verdict and exit code.

    The exit code is 0 if every variant is as expected, 2 if those that are not are all *unknown*, else 1: a
    variant that should be invalid and was found valid is as wrong as the reverse. A run without variants shows
    nothing, so it is unknown too.
    """
    verdict = combine(variant.verdict for variant in variants if variant.expected == "valid")
    off = [variant for variant in variants if variant.verdict != variant.expected or not variant.as_expected]
    if variants and not off:
        return Judgement(verdict, EXIT_AS_EXPECTED)
    unknown = all(variant.verdict == "unknown" for variant in off)
    return Judgement(verdict, EXIT_UNKNOWN if unknown else EXIT_DIFFERS)
