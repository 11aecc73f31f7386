"""A histogram of microseconds with a fixed relative error, after HdrHistogram (Gil Tene).

Buckets double in width; each is cut into 1,024 equal parts (2,048 in the first), so a value is known to
three significant digits whatever its size, and recording costs one ``bit_length`` and one dictionary entry.
The index of a value is HdrHistogram's own, so that an encoded histogram opens in its tools. Counts are kept
sparse, so a range needs no upper end, and an interval of a second is a small thing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

SIGNIFICANT_DIGITS = 3
LOWEST_US = 1
_HALF_BITS = 10  # half of 2,048: the smallest power of two that holds three digits twice
_HALF = 1 << _HALF_BITS
_MASK = 2 * _HALF - 1


def index_of(value_us: int) -> int:
    """Return the place of a value in HdrHistogram's array of counts."""
    bucket = (value_us | _MASK).bit_length() - (_HALF_BITS + 1)
    return ((bucket + 1) << _HALF_BITS) + (value_us >> bucket) - _HALF


def highest_of(index: int) -> int:
    """Return the highest value that is counted at this place."""
    bucket = (index >> _HALF_BITS) - 1
    part = (index & (_HALF - 1)) + _HALF
    if bucket < 0:
        return part - _HALF
    return ((part + 1) << bucket) - 1


class Histogram:
    """Counts of latencies in whole microseconds; any figure read from it is within 0.1 % and never below the truth.

    ``min`` and ``max`` are rounded like every percentile, so that a histogram and its copy read from a log
    never disagree. All figures of an empty histogram are 0.
    """

    __slots__ = ("_counts", "count")

    def __init__(self, counts: Iterable[tuple[int, int]] = ()) -> None:
        self._counts: dict[int, int] = {index: count for index, count in counts if count}
        self.count = sum(self._counts.values())

    def record(self, value_us: int) -> None:
        """Count one latency; below zero raises ``ValueError``, for time does not run backwards."""
        if value_us < 0:
            raise ValueError(f"a latency of {value_us} µs")
        index = index_of(value_us)
        self._counts[index] = self._counts.get(index, 0) + 1
        self.count += 1

    def merge(self, other: Histogram) -> Histogram:
        """Add another's counts to these and return itself."""
        for index, count in other._counts.items():
            self._counts[index] = self._counts.get(index, 0) + count
        self.count += other.count
        return self

    def percentile(self, percent: float) -> int:
        """Return the least value (µs) that at least ``percent`` of all counted values do not exceed.

        The nearest-rank definition: ``percentile(100)`` is the maximum, ``percentile(0)`` the minimum.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"a percentile is between 0 and 100, not {percent}")
        rank = max(1, math.ceil(round(percent * self.count / 100, 6)))  # 99.9 % of 1,000 is 999, not 999.0000000000001
        for index, count in self.counts():
            rank -= count
            if rank <= 0:
                return highest_of(index)
        return 0

    @property
    def min(self) -> int:
        """The smallest value, µs."""
        return self.percentile(0)

    @property
    def max(self) -> int:
        """The largest value, µs."""
        return highest_of(max(self._counts)) if self._counts else 0

    @property
    def mean(self) -> float:
        """The arithmetic mean, µs."""
        return sum(highest_of(index) * count for index, count in self._counts.items()) / max(1, self.count)

    def counts(self) -> list[tuple[int, int]]:
        """Return (place, count) of every place that is not empty, in order."""
        return sorted(self._counts.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]  # it changes, so it is no key

    def __repr__(self) -> str:
        return f"Histogram(count={self.count}, p50={self.percentile(50)}, p99={self.percentile(99)}, max={self.max})"
