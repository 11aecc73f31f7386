"""The ratio of paired samples: its median, and an interval of that median that assumes no distribution."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

CONFIDENCE = 0.95
PAIRS_MIN = 6  # fewer give no interval at 95 %: five agree by chance once in sixteen times


def ratios(pairs: Sequence[tuple[float, float]], *, bound: bool) -> list[float]:
    """Return each pair's ratio, more being better: ours / peer, or bound / ours where peer is a bound."""
    return [peer / ours if bound else ours / peer for ours, peer in pairs]


def median_ratio(pairs: Sequence[tuple[float, float]], *, bound: bool) -> float:
    """Return the median of the pairs' ratios.

    The two of a pair were measured one right after the other, so that what the machine did meanwhile hit both; the
    median leaves the pair that a neighbour disturbed without weight.
    """
    return statistics.median(ratios(pairs, bound=bound))


def median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of the median of independent values, None if there are fewer than six.

    The sign test's interval: the k-th smallest and the k-th largest value, k as large as the binomial distribution of
    how many of n values lie below their median allows. It is exact, so that its coverage is at least 95 % whatever the
    distribution, and it needs no random numbers: a file says the same whoever computes it again. Source: W. J. Conover,
    Practical Nonparametric Statistics, 3rd ed. 1999, §3.2; also J.-Y. Le Boudec, Performance Evaluation of Computer
    and Communication Systems, 2010, theorem 2.1.
    """
    count = len(values)
    if count < PAIRS_MIN:
        return None
    tail, rank = 0.0, 0
    while (tail := tail + math.comb(count, rank) / 2**count) <= (1 - CONFIDENCE) / 2:
        rank += 1
    ordered = sorted(values)
    return ordered[rank - 1], ordered[count - rank]
