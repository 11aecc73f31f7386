"""The instants at which a crowd comes, as a pure function of its phases and its seed."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator

from trivet_lab.load.attendance import Attendance, Phase


def arrivals(crowd: Attendance) -> Iterator[int]:
    """Yield when operations are due, nanoseconds from the crowd's start.

    Arrivals of a steady unit rate are stretched through the inverse of the integrated rate, which turns a
    homogeneous Poisson process into one of any rate (Çinlar, Introduction to Stochastic Processes, 1975).
    """
    position = _POSITIONS[crowd.arrivals](crowd.seed)
    wanted = next(position)
    begins_s = passed = 0.0
    for duration_s, rate, rate_to in stretches(crowd.phases):
        area = duration_s * (rate + rate_to) / 2
        while wanted < passed + area:
            yield round((begins_s + _when(wanted - passed, duration_s, rate, rate_to)) * 1e9)
            wanted = next(position)
        passed += area
        begins_s += duration_s


def stretches(phases: list[Phase]) -> Iterator[tuple[float, float, float]]:
    """Yield (seconds, rate at its start, rate at its end) of every straight line of the arrival rate."""
    for phase in phases:
        rate_to = phase.rate_per_s if phase.rate_to_per_s is None else phase.rate_to_per_s
        yield phase.duration_s, phase.rate_per_s, rate_to


def _when(area: float, duration_s: float, rate: float, rate_to: float) -> float:
    """Return the time at which a straight line has this much area to its left."""
    root = math.sqrt(max(0.0, rate**2 + 2 * area * (rate_to - rate) / duration_s))
    return min(duration_s, 2 * area / (rate + root)) if area > 0 else 0.0


def _poisson(seed: int) -> Iterator[float]:
    source = random.Random(f"{seed}:arrivals")  # noqa: S311  - a crowd must be repeatable, not secret
    position = 0.0
    while True:
        position -= math.log(1.0 - source.random())
        yield position


def _uniform(seed: int) -> Iterator[float]:  # noqa: ARG001  - evenly spaced arrivals leave nothing to a seed
    return itertools.count(0.5)  # in the middle of each, so that rounding cannot move one over a phase's end


_POSITIONS: dict[str, Callable[[int], Iterator[float]]] = {"poisson": _poisson, "uniform": _uniform}
