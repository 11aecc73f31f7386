"""The way to a database connection: a queue with a deadline, and a door at which one knocks while it is shut.

Which race: the database goes, or comes back, while a crowd wants it. Each connect costs a server that is just
recovering a process, so hundreds a second keep it from recovering. And a connect that a request begins with what the
queue left of its time is given up halfway and begun anew by the next, so the pool never fills. Either makes an outage
of half a second last as long as the crowd. Why this guard: the queue has its deadline and a connect one of its own, and
once a connect has failed none begins while another is under way, nor within a moment of the last failure, until one
succeeds. What began before the first failure, and that is at most one connect a place, goes on. Only connects tell of
the database: a connection that was idle says nothing of it, and a failure says nothing if a connect that began later
has succeeded. If the guard is lost, nothing is done wrongly; the service stays away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import Unavailable, WrongDatabase

CONNECT_DEADLINE_S = 2.0
SHUT_S = 0.1
"""How long a door that was found shut is left alone; a replica then knocks ten times a second at most."""


class Door:
    """As many places as there are connections, and what is known of the database behind them."""

    def __init__(self, places: int, wait_ms: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._wait_ms = wait_ms
        self._found_shut = False
        self._next_knock_s = 0.0
        self._knockers = 0
        self._knocks = 0
        self._newest_success = 0

    async def enter(self) -> None:
        """Take a place; whoever did must ``leave``.

        Raises:
            Unavailable: definite, if none was free in time.
        """
        try:
            async with asyncio.timeout(self._wait_ms / 1000):
                await self._places.acquire()
        except TimeoutError as error:
            sentence = f"no database connection was free within {self._wait_ms} ms"
            raise Unavailable(sentence, definite=True) from error

    def leave(self) -> None:
        """Give the place to the next."""
        self._places.release()

    @property
    def is_shut(self) -> bool:
        """Whether a failure is the last that is known, and it is not time for another or somebody is at it."""
        return self._found_shut and (self._knockers > 0 or asyncio.get_running_loop().time() < self._next_knock_s)

    @contextmanager
    def knock(self) -> Iterator[None]:
        """Connect in this block, and do nothing else: what becomes of it is what everybody knows of the door."""
        self._knocks += 1
        number = self._knocks
        self._knockers += 1
        try:
            yield
            self._opened(number)
        except WrongDatabase:
            self._opened(number)  # by the wrong one
            raise
        except Exception:
            self._failed(number)
            raise
        finally:
            self._knockers -= 1

    def _opened(self, number: int) -> None:
        self._found_shut = False
        self._newest_success = max(self._newest_success, number)

    def _failed(self, number: int) -> None:
        if number < self._newest_success:
            return
        self._found_shut = True
        self._next_knock_s = asyncio.get_running_loop().time() + SHUT_S
