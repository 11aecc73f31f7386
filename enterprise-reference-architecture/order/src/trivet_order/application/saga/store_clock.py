"""What time it is by the store's clock, between two times that it was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trivet_order.application.leasing import TimePort


class StoreClock:
    """The time that a claim told, and how long ago that was.

    Which race: two workers whose own clocks differ judge one deadline. Why this guard: both count from what the store
    said last, and add only seconds that they measured themselves. If it were lost, a worker whose clock is ahead
    would take back what another one has just begun.
    """

    def __init__(self, time: TimePort) -> None:
        self._time = time
        self._told = datetime.min.replace(tzinfo=UTC)
        self._told_at_s = time.now_s()

    def hear(self, now: datetime) -> None:
        """Take the store's time over; it never goes back."""
        self._told = max(now, self.now())
        self._told_at_s = self._time.now_s()

    def now(self) -> datetime:
        """Return the store's time, as far as it is known."""
        return self._told + timedelta(seconds=self._time.now_s() - self._told_at_s)
