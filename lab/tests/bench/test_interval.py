"""The interval covers the median as often as it says, whatever the distribution; the ratio's direction is one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from trivet_lab.bench import median_interval, median_ratio


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(6, 1, 6), (8, 1, 8), (9, 2, 8), (12, 3, 10), (20, 6, 15), (30, 10, 21), (100, 40, 61)],
)
def test_ranks_are_those_of_the_published_table(count: int, low: int, high: int) -> None:
    """The ranks of the table in Le Boudec's appendix A, and of any other of the sign test."""
    values = list(range(1, count + 1))
    random.Random(1).shuffle(values)  # noqa: S311  - a fixed order, no secret
    assert median_interval(values) == (low, high)


@pytest.mark.parametrize("count", range(6))
def test_too_few_values_have_no_interval(count: int) -> None:
    assert median_interval([1.0] * count) is None


@pytest.mark.parametrize(
    ("draw", "median"),
    [
        (lambda dice: dice.gauss(0.5, 0.1), 0.5),
        (lambda dice: dice.expovariate(1), 0.6931471805599453),
        (lambda dice: dice.lognormvariate(0, 2), 1.0),
        (lambda _: 3.0, 3.0),
    ],
    ids=["normal", "exponential", "lognormal", "constant"],
)
@pytest.mark.parametrize("count", [6, 15, 30])
def test_it_covers_the_median_of_known_distributions(
    draw: Callable[[random.Random], float], median: float, count: int
) -> None:
    dice = random.Random(7)  # noqa: S311  - the same draws each time, no secret
    covered = 0
    for _ in range(2000):
        low, high = median_interval([draw(dice) for _ in range(count)]) or (1.0, 0.0)
        covered += low <= median <= high
    assert covered >= 0.94 * 2000  # 95 % at least, and a seed is one draw


def test_more_is_better_beside_a_peer_and_less_beside_a_bound() -> None:
    assert median_ratio([(50.0, 100.0), (60.0, 100.0), (150.0, 100.0)], bound=False) == 0.6
    assert median_ratio([(50.0, 100.0), (80.0, 100.0), (400.0, 100.0)], bound=True) == 1.25


def test_one_disturbed_pair_moves_nothing() -> None:
    """Each ratio is of a pair: a pause that hits both sides of one does not show."""
    pairs = [(50.0, 100.0)] * 4 + [(5.0, 10.0), (1.0, 100.0)]
    assert median_ratio(pairs, bound=False) == 0.5
