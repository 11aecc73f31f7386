"""A rush is as much above the rate that was asked for as the rest of the crowd is below it."""

from __future__ import annotations

import pytest

from trivet_lab.scenarios.rush import rush


@pytest.mark.parametrize("times", [2, 3, 4, 8, 18])
def test_on_average_a_crowd_with_a_rush_comes_at_the_rate_that_was_asked_for(times: float) -> None:
    phases = rush(10, 20, times=times)
    assert sum(phase.duration_s for phase in phases) == pytest.approx(20)
    ends = [phase.rate_per_s if phase.rate_to_per_s is None else phase.rate_to_per_s for phase in phases]
    visits = [
        phase.duration_s * (phase.rate_per_s + end_per_s) / 2 for phase, end_per_s in zip(phases, ends, strict=True)
    ]
    assert sum(visits) == pytest.approx(10 * 20)
    assert max(phase.rate_per_s for phase in phases) == pytest.approx(10 * times)
    assert all(phase.rate_per_s >= 0 for phase in phases)
