"""Whether a shop that runs on and on costs what it cost when it had settled."""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any, ClassVar, NamedTuple

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.evidence import read_samples

NS_PER_S = 1_000_000_000
MIB = 1024 * 1024
SPAN_S_MIN = 60
SETTLED_FROM, SETTLED_TO, END_FROM = 0.25, 0.5, 0.75
SAMPLES_MIN = 6
SHARE = 0.25
WITNESS_MAX = 10


class _Bound(NamedTuple):
    """How much above a quarter more a series may end, and how its numbers are said."""

    slack: int
    unit: int
    word: str

    def say(self, value: float) -> str:
        return f"{value / self.unit:,.0f} {self.word}"


SERIES = {
    "memory_bytes": _Bound(64 * MIB, MIB, "MiB"),
    "descriptors": _Bound(16, 1, "descriptors"),
    "processes": _Bound(32, 1, "processes"),
}

Points = list[tuple[int, int]]


class ResourcesFlat(Checker):
    """Compares, for every part, the last quarter of the census with the second.

    The first quarter is warm-up: pools fill, caches load. A part that was killed begins small again, so its settled
    level is what it stayed below in nine of ten samples, and its end is the median: one that grows back to where it was
    is flat, and one sample taken in the middle of a restart decides nothing. The bounds leave room for what comes and
    goes with the crowd: sessions of a database, each a process of a MiB or two. What a part that dies every few
    seconds leaks between two deaths is not seen; what the lab, its links and its load generator leak is.
    """

    NAME: ClassVar[str] = "resources_flat"
    RULE: ClassVar[str] = (
        "In the last quarter of a run no part has more memory, descriptors in one process or processes than it had "
        f"settled to in the second, beyond a quarter more and {SERIES['memory_bytes'].slack // MIB} MiB, "
        f"{SERIES['descriptors'].slack} descriptors or {SERIES['processes'].slack} processes."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read the census.

        Raises:
            EvidenceError: there is none, it is damaged, or it is too short to have settled.
        """
        path = evidence.directory.samples
        self._points: dict[tuple[str, str], Points] = {}
        try:
            for sample in read_samples(path):
                if sample.series in SERIES:
                    self._points.setdefault((sample.series, sample.label), []).append((sample.at_ns, sample.value))
        except FileNotFoundError as error:
            raise EvidenceError(f"{path.name} is missing") from error
        except msgspec.DecodeError as error:
            raise EvidenceError(f"{path.name} is damaged: {error}") from error
        instants = [at_ns for points in self._points.values() for at_ns, _ in points]
        if not instants:
            raise EvidenceError(f"{path.name} has no census: nobody counted what the parts cost")
        self._begin_ns = min(instants)
        self._span_ns = max(instants) - self._begin_ns
        if self._span_ns < SPAN_S_MIN * NS_PER_S:
            raise EvidenceError(
                f"the census lasted {self._span_ns / NS_PER_S:.0f} s: nothing has settled in less than {SPAN_S_MIN} s"
            )

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule: growth is invalid, too few samples to tell are unknown."""
        grown: list[dict[str, Any]] = []
        sentences, doubts = [], []
        for (series, label), points in sorted(self._points.items()):
            settled, end = self._window(points, SETTLED_FROM, SETTLED_TO), self._window(points, END_FROM, 1)
            if min(len(settled), len(end)) < SAMPLES_MIN:
                doubts.append(f"{series} of {label} was counted {len(settled)} and {len(end)} times")
                continue
            bound = SERIES[series]
            before, after = quantiles(settled, n=10, method="inclusive")[-1], median(end)
            limit = before * (1 + SHARE) + bound.slack
            if after > limit:
                sentences.append(f"{label} grew from {bound.say(before)} to {bound.say(after)}")
                grown.append({"part": label, "series": series, "settled": before, "end": after, "limit": limit})
        if grown:
            return Ruling("invalid", "; ".join(sentences), grown[:WITNESS_MAX])
        if doubts:
            return Ruling("unknown", f"too little to compare: {'; '.join(doubts)}")
        parts = {label for _, label in self._points}
        return Ruling("valid", f"{len(parts):,} parts over {self._span_ns / NS_PER_S:,.0f} s, all within their bounds")

    def _window(self, points: Points, first: float, last: float) -> list[int]:
        from_ns, to_ns = (self._begin_ns + self._span_ns * share for share in (first, last))
        return [value for at_ns, value in points if from_ns <= at_ns <= to_ns]
