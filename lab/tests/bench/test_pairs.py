"""Samples are taken in turns."""

from __future__ import annotations

from collections.abc import Callable

from trivet_lab.bench import against_bound, alternate


def test_the_order_alternates_and_the_first_of_each_does_not_count() -> None:
    taken: list[str] = []

    def side(name: str) -> Callable[[], float]:
        return lambda: taken.append(name) or float(len(taken))  # type: ignore[func-returns-value]  # append is None

    pairs = alternate(side("ours"), side("peer"), 3)
    assert taken[:2] == ["ours", "peer"]
    assert taken[2:] == ["peer", "ours", "ours", "peer", "peer", "ours"]
    assert pairs == [(4.0, 3.0), (5.0, 6.0), (8.0, 7.0)]


def test_a_bound_stands_in_every_pair() -> None:
    values = iter([9.0, 1.0, 2.0])
    assert against_bound(lambda: next(values), 100, 2) == [(1.0, 100), (2.0, 100)]
