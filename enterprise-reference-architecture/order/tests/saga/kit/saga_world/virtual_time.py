"""Time that passes when nothing else can be done: for hours of retries in milliseconds, the same way each time."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

BEGINNING = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROUNDS = 12


class Stuck(AssertionError):
    """What was waited for did not come about in a very long time."""


class VirtualTime:
    """The one clock of a world: the store's, and what its workers wait with (TimePort)."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    def now_s(self) -> float:
        """Return seconds since the beginning."""
        return self._now_s

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return BEGINNING + timedelta(seconds=self._now_s)

    def jump(self, seconds: float) -> None:
        """Let time pass at once, over whoever sleeps."""
        self._now_s += seconds

    async def pause(self, seconds: float) -> None:
        """Wait so long."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._now_s + seconds, next(self._number), woken))
        await woken

    async def pass_until(self, is_over: Callable[[], bool], limit_s: float = 36_000.0) -> None:
        """Let everything be done that can be, then let time pass until the next one wakes, until it is over."""
        limit_s += self._now_s
        while not is_over():
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
                if is_over():
                    return
            if self._now_s > limit_s:
                raise Stuck(f"nothing came of it in {limit_s:.0f} s")
            self._wake_next()

    def _wake_next(self) -> None:
        while self._sleeping:
            at_s, _, woken = heapq.heappop(self._sleeping)
            if not woken.done():
                self._now_s = max(self._now_s, at_s)
                woken.set_result(None)
                return
        self._now_s += 0.01
