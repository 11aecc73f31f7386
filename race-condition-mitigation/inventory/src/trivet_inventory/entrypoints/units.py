"""Work that outlives the request that asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from trivet_chassis import Answer


class Units:
    """Units of work in flight, each in a task of its own.

    Which race: a request is cancelled (a shutdown that runs out of patience) between COMMIT and its answer, or in the
    middle of a transaction. Why this guard: the work is shielded, so it ends as it would have ended and is only not
    listened to any more; ``settle`` waits for all of it before the connections are closed.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Answer]] = set()

    async def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do the work to its end and return its answer."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def settle(self, timeout_s: float) -> None:
        """Wait until nothing is in flight, at most so long."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)
