"""How a crowd comes that is to meet itself: a few early, a rush, and a steady crowd after it."""

from __future__ import annotations

from trivet_lab.load import Phase


def rush(rate_per_s: float, duration_s: float, *, times: float) -> list[Phase]:
    """Return the phases of a crowd that begins its rush at so many times the rate; on average it is the rate.

    A tenth of the time it comes more and more often, up to the rate, and in the next it rushes, which wears off to the
    rate again. What is steady then is as much below the rate as the rush was above it: at most 18 times go.
    """
    steady_per_s = rate_per_s * (18 - times) / 16  # 0.1 / 2 + 0.1 (times + 1) / 2 + 0.8 steady = 1
    return [
        Phase(shape="ramp", rate_per_s=0, rate_to_per_s=rate_per_s, duration_s=duration_s * 0.1),
        Phase(shape="spike", rate_per_s=rate_per_s * times, rate_to_per_s=rate_per_s, duration_s=duration_s * 0.1),
        Phase(shape="steady", rate_per_s=steady_per_s, duration_s=duration_s * 0.8),
    ]
