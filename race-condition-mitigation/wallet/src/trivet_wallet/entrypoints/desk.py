"""Where requests, which are asynchronous, meet the ledger, which is not."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from trivet_chassis import Answer, QueueIsFull, Unavailable, Units
from trivet_wallet.combiner import Combiner
from trivet_wallet.decide import Outcome
from trivet_wallet.selectors import Selectors
from trivet_wallet.services import Command
from trivet_wallet.teller import Call, Teller

T = TypeVar("T")


class Desk:
    """Takes commands to the combiner's lanes, and everything else to threads of its own.

    Threads are as many as there are connections for them, so that nobody who got a thread waits for a connection; who
    waits for a thread does so for at most ``wait_ms``.
    """

    def __init__(
        self,
        combiner: Combiner,
        teller: Teller,
        selectors: Selectors,
        *,
        threads: int,
        queue_max: int,
        wait_ms: int,
    ) -> None:
        self.selectors = selectors
        self.units = Units()
        self._combiner = combiner
        self._teller = teller
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="desk")
        self._places = asyncio.Semaphore(threads)
        self._waiting = 0
        self._queue_max = queue_max
        self._wait_s = wait_ms / 1000

    async def settle(self, command: Command) -> Answer:
        """Settle one command, together with those that wait with it."""
        return await self.units.run(_answer(self._combiner, command))

    async def settle_all(self, calls: Sequence[Call]) -> list[Outcome]:
        """Settle many commands in one transaction."""
        return await self.units.run(self.read(lambda: self._teller.settle_all(calls)))

    async def read(self, work: Callable[[], T]) -> T:
        """Do work that waits for the database in a thread.

        Raises:
            QueueIsFull: As many as may wait are waiting.
            Unavailable: No thread was free in time; definite.
        """
        if self._waiting >= self._queue_max:
            raise QueueIsFull(f"{self._queue_max} requests are waiting already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError as error:
            sentence = f"no database connection was free within {self._wait_s * 1000:.0f} ms"
            raise Unavailable(sentence, definite=True) from error
        finally:
            self._waiting -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, contextvars.copy_context().run, work)
        finally:
            self._places.release()

    async def blocker(self) -> str | None:
        """Return what keeps the database from serving, None if nothing.

        Threads that are all in use are no outage: a replica that called itself unready for being busy would only push
        its load on the others, until none is left.
        """
        if self._places.locked():
            return None
        try:
            await self.read(self.selectors.ping)
        except Unavailable as error:
            return error.detail
        return None

    def close(self) -> None:
        """Settle what is waiting, and end the threads."""
        self._combiner.close()
        self._threads.shutdown()


async def _answer(combiner: Combiner, command: Command) -> Answer:
    return await asyncio.wrap_future(combiner.submit(command))
