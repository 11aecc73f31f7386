"""How long to wait before the next attempt: full jitter, and never less than the server asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """A random share of a doubling wait (Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015).

    What the server asks for by Retry-After is waited in full, up to ``retry_after_s_max``, and the jitter comes
    on top: everybody who was sent away in one instant must not return in one instant.
    """

    first_s: float
    longest_s: float
    retry_after_s_max: float
    random: Callable[[], float]

    def wait_s(self, attempts: int, retry_after_s: float | None) -> float:
        """Return the wait after so many attempts (≥ 1)."""
        doubled = self.first_s * 2.0 ** min(attempts - 1, 30)
        asked = min(retry_after_s or 0.0, self.retry_after_s_max)
        return asked + self.random() * min(doubled, self.longest_s)


def parse_retry_after(header: str | None) -> float | None:
    """Return the seconds of a Retry-After; None if there is none, or a date, which no service here sends."""
    try:
        seconds = float(header) if header else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
