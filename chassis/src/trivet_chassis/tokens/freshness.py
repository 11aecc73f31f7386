"""When an issuer is asked for its keys, as data and pure functions. All times are seconds of one monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .fetching import DEADLINE_S

WINDOW_S = 300.0
"""How long a key that was taken back may still be taken while the issuer answers."""
EVERY_S = WINDOW_S - 2 * DEADLINE_S
"""How long after an answer the keys are asked for again at the latest: that answer may be as old as its question, and
the next one takes as long."""
APART_S = 10.0
"""How far apart two questions are at least: tokens that name keys at random are no way to flood an issuer."""
BACK_OFF_S = 1.0, 60.0
"""How long to wait after the first failure, and at most; it doubles with each."""
KEPT_S = 24 * 3600.0
"""How long keys stay known whose issuer does not answer."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the keys are, and how often in a row the issuer did not answer since."""

    fetched_s: float | None = None
    asked_s: float | None = None
    failures: int = 0

    def succeeded(self, now_s: float) -> Freshness:
        """The issuer answered."""
        return replace(self, fetched_s=now_s, asked_s=now_s, failures=0)

    def failed(self, now_s: float) -> Freshness:
        """It did not."""
        return replace(self, asked_s=now_s, failures=self.failures + 1)

    @property
    def is_out(self) -> bool:
        """Whether the last question was not answered, or none was asked yet."""
        return self.fetched_s is None or self.failures > 0

    def due_s(self) -> float:
        """When the issuer is to be asked again if nobody needs a key before."""
        if self.asked_s is None:
            return 0.0
        return self.asked_s + (self._back_off_s() if self.failures else EVERY_S)

    def may_ask(self, now_s: float) -> bool:
        """Whether somebody who needs a key that is not known may ask now."""
        if self.asked_s is None:
            return True
        return now_s >= self.asked_s + (self._back_off_s() if self.failures else APART_S)

    def is_too_old(self, now_s: float) -> bool:
        """Whether the keys may be believed no longer."""
        return self.fetched_s is None or now_s >= self.fetched_s + KEPT_S

    def _back_off_s(self) -> float:
        least_s, most_s = BACK_OFF_S
        return min(most_s, least_s * 2.0 ** min(self.failures - 1, 16))
