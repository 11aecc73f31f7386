"""Where the waiters of one event loop queue for a resource, so that one of them at a time asks the nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Queue:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Turnstiles:
    """First come, first served among the tasks of one event loop; between processes, chance decides.

    No safety rests on it. A hundred tasks that all poll five nodes would keep the nodes and their own event loop so
    busy with refusals, and split the votes between them so often, that hardly one of them would ever win.
    """

    def __init__(self) -> None:
        """Empty; a queue exists only while somebody stands in it."""
        self._queues: dict[tuple[asyncio.AbstractEventLoop, str], _Queue] = {}

    @asynccontextmanager
    async def turn(self, resource: str, *, within_s: float) -> AsyncIterator[None]:
        """Wait for one's turn to ask for `resource`; raises TimeoutError if it does not come `within_s`."""
        place = (asyncio.get_running_loop(), resource)
        queue = self._queues.setdefault(place, _Queue())
        queue.length += 1
        try:
            async with asyncio.timeout(within_s):
                await queue.turn.acquire()
            try:
                yield
            finally:
                queue.turn.release()
        finally:
            queue.length -= 1
            if not queue.length:
                del self._queues[place]
