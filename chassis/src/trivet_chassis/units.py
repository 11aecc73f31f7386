"""Work that outlives the request that asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Units:
    """Units of work in flight, each in a task of its own.

    Which race: a request is cancelled (a shutdown that runs out of patience) between COMMIT and its answer, or in the
    middle of a transaction. Why this guard: the work is shielded, so it ends as it would have ended and is only not
    listened to any more; ``settle`` waits for all of it before the connections are closed. If it is lost, a client that
    is still there is told nothing of an effect that lasts, and must ask again with its key.

    Work in a worker thread cannot be cancelled at all, but whoever waits for the thread can be: a service of threads
    runs what waits as a unit, and ``settle`` then waits for the thread.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work to its end and return its result."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def settle(self, timeout_s: float) -> None:
        """Wait until nothing is in flight, at most so long."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)
