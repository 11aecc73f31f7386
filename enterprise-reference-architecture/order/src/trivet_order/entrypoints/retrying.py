"""Beginning again, where somebody else changed the order meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from trivet_chassis import Unavailable
from trivet_order.application import OrderChanged

T = TypeVar("T")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.002, 0.1


async def retried(work: Callable[[], Awaitable[T]], attempts_max: int) -> T:
    """Do the work, and whole again, unit and all, as often as it met a change of somebody else's.

    What it decided was decided on an order that is another one now, so it is decided anew. The wait between two tries
    is a random share of a doubling time (full jitter: Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog,
    2015): those who met must not meet again.

    Raises:
        Unavailable: definite, if it met others every time.
    """
    for attempt in range(1, attempts_max + 1):
        try:
            return await work()
        except OrderChanged as changed:
            if attempt == attempts_max:
                sentence = f"others changed the order {attempts_max} times in a row"
                raise Unavailable(sentence, definite=True) from changed
        longest_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (attempt - 1))
        await asyncio.sleep(random.random() * longest_s)  # noqa: S311  - nobody gains by guessing it
    raise AssertionError("what is tried is tried at least once")
