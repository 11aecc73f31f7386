"""A clock that somebody winds by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands still until it is moved on."""

    def __init__(self, now: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return self._now

    def move_on(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
