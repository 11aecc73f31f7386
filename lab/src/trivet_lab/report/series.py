"""What a chart draws, computed from what a run wrote down. Pure: no file is opened here.

Every series is bucketed, so that a page's size follows from the number of charts and not from the number of
operations. Two rules keep a bucket honest: a rate is always per second, whatever the bucket's width, and a stock
that went below zero inside a bucket is drawn below zero.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from trivet_lab.evidence import Operation
from trivet_lab.latency import Histogram

NS_PER_S = 1_000_000_000
FINE_NS = NS_PER_S // 10
"""What a tally counts by; every width of `WIDTHS_S` is a whole multiple of it."""
WIDTHS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
BUCKETS_MAX = 120
POINTS_PER_NINE = 24
MARKS_PERCENT = (50.0, 90.0, 99.0, 99.9, 100.0)

Track = list[tuple[int, int]]
"""One item's stock: (ns since the run began, units from then on), in order of time."""


@dataclasses.dataclass(frozen=True)
class Throughput:
    """Operations that ended, per second and by outcome; entry i covers ``[i * width_s, (i + 1) * width_s)``."""

    width_s: float
    ok: list[float]
    fail: list[float]
    unknown: list[float]


@dataclasses.dataclass(frozen=True)
class Percentiles:
    """A latency distribution on the axis of HdrHistogram.

    ``curve`` holds (nines, ms) with nines = −log10(1 − percentile), so that 90, 99 and 99.9 % stand at 1, 2 and 3;
    it ends at the maximum, which stands at log10(count). ``marks`` are the ms at `MARKS_PERCENT`.
    """

    count: int
    curve: list[tuple[float, float]]
    marks: dict[str, float]


@dataclasses.dataclass(frozen=True)
class StockLine:
    """One item's stock at every instant of its chart, and the least it ever was."""

    label: str
    values: list[int | None]
    lowest: int
    last: int


@dataclasses.dataclass(frozen=True)
class StockChart:
    """Lines over the same instants, and how many items are not drawn."""

    at_s: list[float]
    lines: list[StockLine]
    left_out: int


@dataclasses.dataclass(frozen=True)
class StockChange:
    """One committed sale or restock of a ledger; ``names`` are the keys and ids under which a history knows it."""

    item: str
    version: int
    stock_after: int
    names: tuple[str, ...]


class HistoryTally:
    """What one pass over a history counts; a million operations fit in a few megabytes.

    ``wanted`` names the keys and purchase ids whose end is kept in ``ended_ns``, and whose operation in ``found``
    when ``keep`` names it too: nothing else of an operation is held.
    """

    def __init__(self, wanted: Collection[str] = (), keep: Collection[str] = ()) -> None:
        self._wanted = wanted
        self._keep = keep
        self._fine: dict[int, list[int]] = {}
        self.latencies_ms = array("d")
        self.statuses: Counter[int] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.nodes: Counter[str] = Counter()
        self.operations = 0
        self.retried = 0
        self.end_ns = 0
        self.ended_ns: dict[str, int] = {}
        self.found: dict[str, Operation] = {}
        self.restocks_ns: list[int] = []

    def add(self, operation: Operation) -> None:
        """Count one operation at the instant at which it ended."""
        ended = operation.return_ns
        status = operation.status
        self.operations += 1
        self.retried += len(operation.attempts) > 1
        self.end_ns = max(self.end_ns, ended)
        self.statuses[status] += 1
        self.outcomes[operation.outcome] += 1
        self.kinds[operation.f] += 1
        node = operation.attempts[-1].node
        if node is not None:
            self.nodes[node] += 1
        counts = self._fine.setdefault(ended // FINE_NS, [0, 0, 0])
        counts[("ok", "fail", "unknown").index(operation.outcome)] += 1
        if operation.f == "restock":
            self.restocks_ns.append(ended)
        elif status:
            self.latencies_ms.append((ended - operation.call_ns) / 1e6)
        for name in names_of(operation):
            if name in self._wanted:
                self.ended_ns[name] = ended
            if name in self._keep:
                self.found[name] = operation

    def throughput(self, width_s: float, end_ns: int) -> Throughput:
        """Return the rates from the run's begin to ``end_ns`` in buckets of ``width_s``."""
        width_ns = round(width_s * NS_PER_S)
        sums = [[0, 0, 0] for _ in range(math.ceil(max(end_ns, self.end_ns, 1) / width_ns) + 1)]
        for fine, counts in self._fine.items():
            bucket = sums[fine * FINE_NS // width_ns]
            for outcome, count in enumerate(counts):
                bucket[outcome] += count
        ok, fail, unknown = ([round(bucket[i] / width_s, 4) for bucket in sums] for i in range(3))
        return Throughput(width_s, ok, fail, unknown)


def names_of(operation: Operation) -> tuple[str, ...]:
    """Return the names that tie an operation to a ledger row: its key and, if one was answered, the row's id."""
    value = operation.value or {}
    ids = (operation.key, value.get("purchase_id"), value.get("restock_id"))
    return tuple(str(name) for name in ids if name is not None)


def bucket_width_s(end_ns: int) -> float:
    """Return the narrowest width that draws a run of this length with at most `BUCKETS_MAX` buckets."""
    return next((width for width in WIDTHS_S if end_ns / NS_PER_S <= width * BUCKETS_MAX), WIDTHS_S[-1])


def percentiles_of_values(values_ms: Iterable[float]) -> Percentiles | None:
    """Return the exact distribution of these values, by nearest rank; None if there are none."""
    ordered = sorted(values_ms)

    def at(percent: float) -> float:
        rank = math.ceil(round(percent / 100 * len(ordered), 6))  # 99.9 % of 1,000 is 999, not 999.0000000000001
        return ordered[max(rank, 1) - 1]

    return _percentiles(len(ordered), at)


def percentiles_of_histogram(histogram: Histogram) -> Percentiles | None:
    """Return the distribution that a histogram of microseconds holds; None if it is empty."""
    return _percentiles(histogram.count, lambda percent: histogram.percentile(percent) / 1e3)


def _percentiles(count: int, at: Callable[[float], float]) -> Percentiles | None:
    if count == 0:
        return None
    nines_max = math.log10(count)
    curve = []
    for point in range(math.ceil(nines_max * POINTS_PER_NINE)):
        nines = point / POINTS_PER_NINE
        curve.append((round(nines, 4), round(at(100 * (1 - 10**-nines)), 3)))
    curve.append((round(nines_max, 4), round(at(100), 3)))
    return Percentiles(count, curve, {f"{percent:g}": round(at(percent), 3) for percent in MARKS_PERCENT})


def tracks_from_samples(samples: Iterable[tuple[int, str, int]]) -> dict[str, Track]:
    """Return each item's track from (at_ns, item, units) as they were sampled, in any order."""
    tracks: dict[str, Track] = {}
    for at_ns, item, units in samples:
        tracks.setdefault(item, []).append((at_ns, units))
    for track in tracks.values():
        track.sort(key=lambda step: step[0])
    return tracks


def tracks_from_ledger(
    initial: Mapping[str, int], changes: Iterable[StockChange], ended_ns: Mapping[str, int]
) -> dict[str, Track]:
    """Return each item's track from its ledger, with the times that the history knows.

    A ledger has an order (the row's version) but no clock of ours, a history has the clock but not the order. A
    change was committed before its own answer and before the answer of every later version, so it is drawn at
    the earliest of these: no line ever runs backwards, and a change without an answer still finds its place.
    """
    by_item: dict[str, list[StockChange]] = {}
    for change in changes:
        by_item.setdefault(change.item, []).append(change)
    tracks: dict[str, Track] = {item: [(0, stock)] for item, stock in initial.items()}
    last_ns = max(ended_ns.values(), default=0)
    for item, ordered in by_item.items():
        ordered.sort(key=lambda change: change.version, reverse=True)
        latest = last_ns
        steps: Track = []
        for change in ordered:
            latest = min([latest, *(ended_ns[name] for name in change.names if name in ended_ns)])
            steps.append((latest, change.stock_after))
        tracks.setdefault(item, []).extend(reversed(steps))
    return tracks


def choose_items(variants: Iterable[Mapping[str, Track]], limit: int) -> list[str]:
    """Return the items worth drawing in every variant: what fell deepest below zero, then what sold most."""
    deepest: dict[str, int] = {}
    moved: Counter[str] = Counter()
    for tracks in variants:
        for item, track in tracks.items():
            values = [value for _, value in track]
            deepest[item] = min(deepest.get(item, 0), *values)
            moved[item] += sum(max(before - after, 0) for before, after in itertools.pairwise(values))
    return sorted(deepest, key=lambda item: (deepest[item], -moved[item], item))[:limit]


def stock_chart(tracks: Mapping[str, Track], items: Sequence[str], end_ns: int, points: int = 240) -> StockChart:
    """Return the chosen items' stock on one grid of instants from 0 to ``end_ns``."""
    step_ns = max(end_ns, 1) / points
    lines = [_line(item, tracks[item], step_ns, points) for item in items if tracks.get(item)]
    at_s = [round(point * step_ns / NS_PER_S, 3) for point in range(points + 1)]
    return StockChart(at_s, lines, len(tracks) - len(lines))


def _line(item: str, track: Track, step_ns: float, points: int) -> StockLine:
    """Carry a track forward over the grid; a value below zero between two instants wins over what came after."""
    values: list[int | None] = []
    current: int | None = None
    step = 0
    for point in range(points + 1):
        low: int | None = None
        while step < len(track) and (track[step][0] <= point * step_ns or point == points):
            current = track[step][1]
            low = current if low is None else min(low, current)
            step += 1
        values.append(low if low is not None and low < 0 else current)
    return StockLine(item, values, min(value for _, value in track), track[-1][1])
