"""Waiting in the event loop, until a time has passed or there is nothing to wait for any more."""

from __future__ import annotations

import asyncio
import contextlib
import time


class InterruptibleTime:
    """TimePort; made in the event loop that it waits in."""

    def __init__(self) -> None:
        self._interrupted = asyncio.Event()

    def now_s(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    async def pause(self, seconds: float) -> None:
        """Wait so long; not at all once :meth:`interrupt` was called."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._interrupted.wait()

    def interrupt(self) -> None:
        """End every pause, now and from now on."""
        self._interrupted.set()
