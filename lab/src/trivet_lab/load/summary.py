"""What the load generator says of itself, ``load.json``: whether its figures can be believed, and its series."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trivet_lab.evidence import Outcome
from trivet_lab.latency import Histogram


class Quantiles(msgspec.Struct, frozen=True):
    """Median, 99th percentile and maximum, milliseconds."""

    p50: float
    p99: float
    max: float


class Second(msgspec.Struct, frozen=True):
    """About one second of a run, from ``at_s`` (since the run's epoch) for ``length_s``.

    ``sent`` counts operations whose first attempt went out, ``statuses`` and the outcomes those that ended.
    """

    at_s: float
    length_s: float
    sent: int
    ok: int
    refused: int
    unknown: int
    in_flight: int
    cpu_share: float
    statuses: dict[str, int]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A crowd that was sent.

    Attributes:
        operations: how many the plan has; ``sent`` of them had a first attempt, with ``attempts`` in all.
        ended: operations by outcome.
        outcomes: operations by last status, "0" where none came back.
        left_out: operations that were never sent for want of a token, by what became of the answer that was to bring
            it: ``refused``, or ``unanswered`` until the crowd was over.
        lateness_ms: first attempt's sending − the instant it was due.
        latency_ms: of the errand's main operations, from the instant each was *due* to its last answer, backoff
            included; an operation that stayed unknown counts with the time until it was given up.
        latency_sent_ms: the same from the instant each was really sent.
        cpu_share: processor time of this process ÷ time, from the first due instant to the last sending.
        over_budget: sentences; if there is one, the run measured its generator, and its verdict is unknown.
        interrupted: a signal ended it early.
        started_ns: since the run's epoch: due instants count from here.
        ended_ns: since the run's epoch: nothing was on the wire any more.
        in_flight_max: most operations that were under way at once.
        series: the run, about a second at a time.
    """

    operations: int
    sent: int
    attempts: int
    ended: dict[Outcome, int]
    outcomes: dict[str, int]
    left_out: dict[str, int] = {}
    lateness_ms: Quantiles
    latency_ms: Quantiles
    latency_sent_ms: Quantiles
    cpu_share: float
    over_budget: list[str]
    interrupted: bool
    started_ns: int
    ended_ns: int
    in_flight_max: int
    series: list[Second]


def quantiles_ms(histogram: Histogram) -> Quantiles:
    """Return a histogram's figures in milliseconds."""
    return Quantiles(histogram.percentile(50) / 1000, histogram.percentile(99) / 1000, histogram.max / 1000)


def over_budget(
    *, lateness_ms_p99: float, lateness_budget_ms: float, cpu_share: float, cpu_budget: float, unsent: int
) -> list[str]:
    """Return one sentence for each reason why this generator, and not the shop, bent the measurement."""
    reasons: list[str] = []
    if lateness_ms_p99 > lateness_budget_ms:
        reasons.append(
            f"one operation in a hundred was sent {lateness_ms_p99:.1f} ms late or later; "
            f"the budget is {lateness_budget_ms:g} ms"
        )
    if cpu_share > cpu_budget:
        reasons.append(
            f"the load generator used {cpu_share:.0%} of a core while it sent; the budget is {cpu_budget:.0%}"
        )
    if unsent:
        reasons.append(
            f"{unsent} operations were due and never sent, because every connection was waiting for an answer"
        )
    return reasons


def read_summary(path: Path) -> Summary:
    """Return what a load generator said of itself; ``FileNotFoundError`` means that it did not finish."""
    return msgspec.json.decode(path.read_bytes(), type=Summary)


def write_summary(path: Path, summary: Summary) -> None:
    """Write the summary whole or not at all (a rename)."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    draft.replace(path)
