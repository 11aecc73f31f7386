"""The way to a database connection: a queue with a deadline, and a door at which one knocks while it is shut.

Which race: the database goes, or comes back, while a crowd wants it. Each connect costs a server that is just
recovering a process, so hundreds a second keep it from recovering. And a connect that a request begins with what the
queue left of its time is given up halfway and begun anew by the next, so the pool never fills. Either makes an outage
of half a second last as long as the crowd. Why this guard: the queue has its deadline and a connect one of its own, and
after a connect that failed one request at a time tries another, a moment apart. If it is lost, nothing is sold wrongly;
the shop stays away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from trivet_inventory.errors import Unavailable, WrongDatabase

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
        self._knocking = False

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
        """Whether the last connect failed, and it is not time for another or somebody is at it."""
        return self._found_shut and (self._knocking or asyncio.get_running_loop().time() < self._next_knock_s)

    @contextmanager
    def knock(self) -> Iterator[None]:
        """Connect in this block: what becomes of it is what everybody knows of the door afterwards."""
        self._knocking = True
        try:
            yield
            self._found_shut = False
        except WrongDatabase:
            self._found_shut = False  # somebody opened
            raise
        except Exception:
            self._found_shut = True
            self._next_knock_s = asyncio.get_running_loop().time() + SHUT_S
            raise
        finally:
            self._knocking = False
