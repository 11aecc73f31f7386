"""The verdict's own file, ``results.json``: written last and whole, so that its absence means unfinished."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

Verdict = Literal["valid", "invalid", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """What one checker says of one variant.

    ``rule`` is the sentence that must hold, ``observed`` what was counted, beside each other so that a reader
    needs no source. ``witness`` is the smallest set of operations or ledger rows that proves a violation.
    """

    name: str
    rule: str
    observed: str
    verdict: Verdict
    witness: list[dict[str, Any]] = []


class Latency(msgspec.Struct, frozen=True):
    """Latency of what the crowd came for, milliseconds, from the instant it was *due* to its last answer, with retries.

    One that stayed unknown counts with the time until it was given up, so a dead server does not look fast.
    """

    p50: float
    p99: float
    max: float


class Load(msgspec.Struct, frozen=True):
    """What the load generator cost: how late it sent (p99, ms) and its share of one core."""

    lateness_ms_p99: float
    cpu_share: float


class VariantResult(msgspec.Struct, frozen=True):
    """One variant: what was expected of it, what it got, and the figures of the table.

    ``outcomes`` counts the last status of every operation ("0" where none came back); ``per_s`` is
    what was acknowledged a second; ``figures`` are the scenario's own counts, of which the first two stand in the
    table: what was done (sold, spent) and what of it was wrong (oversold, lost).
    ``as_expected`` says more than comparing the verdicts: a variant expected invalid must also have been caught
    by the checkers that its scenario names, and by no other.
    """

    name: str
    verdict: Verdict
    expected: Verdict
    checks: list[Finding]
    outcomes: dict[str, int]
    per_s: float
    latency_ms: Latency
    load: Load
    figures: dict[str, int] = {}
    as_expected: bool = True


class Results(msgspec.Struct, frozen=True):
    """A finished run. ``verdict`` is over the variants that are expected valid."""

    run: str
    scenario: str
    verdict: Verdict
    expected: Verdict
    variants: list[VariantResult]
    schema: int = 1


def read_results(path: Path) -> Results:
    """Return a run's results; ``FileNotFoundError`` means that the run did not finish."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def write_results(path: Path, results: Results) -> None:
    """Write the results whole or not at all (a rename), readable for a person."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    draft.replace(path)
