"""How a process of a crew hears and tells (see ``_crew.py``).

Only what is told goes to its own stdout: what anybody else prints there, as logs, goes to stderr.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, TextIO

Told = dict[str, Any]


def tell(**words: object) -> None:
    """Say something to who measures."""
    print(json.dumps(words), file=_mouth(), flush=True)


@functools.cache
def _mouth() -> TextIO:
    """Return the stdout that this process began with; from now on its own is stderr."""
    mouth = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return mouth


def heard() -> Iterator[Told]:
    """Say that everything is ready, and yield what is told until there is no more of it."""
    tell(ready=True)
    for line in sys.stdin:
        yield json.loads(line)


async def heard_beside() -> AsyncIterator[Told]:
    """Do the same in an event loop that goes on meanwhile."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[Told | None]()

    def listen() -> None:
        for told in heard():
            loop.call_soon_threadsafe(lines.put_nowait, told)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=listen, daemon=True).start()
    while (told := await lines.get()) is not None:
        yield told
