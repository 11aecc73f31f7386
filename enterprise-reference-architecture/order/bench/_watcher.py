"""A process that watches the timeline from outside: says "ready", looks until it is told a line, then tells the waits.

    python _watcher.py URL

It asks every few milliseconds for the entries after the last one that it saw, and reads the server's clock when it has
one in its hands. One projector's transactions come one after the other, so that no entry appears behind a later one.
Both ends are counted to our disadvantage: a wait begins before the order's commit, and ends up to a look's distance
after the entry's. The clock is the same one.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

POLL_S = 0.005
_LAST = "SELECT coalesce(max(position), 0) FROM timeline"
_LATER = """
SELECT position, event_id, clock_timestamp() FROM timeline WHERE position > %s ORDER BY position LIMIT 1000
"""
_WEIGH = Path(__file__).with_suffix("").with_name("_weigh_waits.sql").read_text()


class Waits(msgspec.Struct, frozen=True):
    """How long the events waited that became visible meanwhile, in ms."""

    events: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    published_p99_ms: float


class Watcher:
    """The process, from who measures."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._line()

    def end(self) -> Waits:
        """Let it look a last time, and return what it saw."""
        print(file=self._process.stdin, flush=True)
        return msgspec.json.decode(self._line(), type=Waits)

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the watcher ended with {self._process.wait()}")
        return line


@contextmanager
def watching(url: str) -> Iterator[Watcher]:
    """Watch a timeline; what it shows already is not looked at."""
    argv = [sys.executable, __file__, url]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Watcher(process)


def watch(connection: psycopg.Connection) -> dict[UUID, datetime]:
    """Return when each event was seen first, until somebody says a line."""
    seen: dict[UUID, datetime] = {}
    found = connection.execute(_LAST).fetchone()
    last: int = found[0] if found else 0
    print("ready", flush=True)
    told = False
    while not told:
        told = bool(select.select([sys.stdin], [], [], POLL_S)[0])
        while rows := connection.execute(_LATER, [last]).fetchall():
            last = rows[-1][0]
            for _, event_id, at in rows:
                seen.setdefault(event_id, at)
    return seen


def main(url: str) -> None:
    """Watch, and print the waits."""
    with psycopg.connect(url, autocommit=True) as connection:
        seen = watch(connection)
        found = connection.execute(_WEIGH.encode(), [[*seen], [*seen.values()]]).fetchone()
        events, shown_ms, published_p99_ms = found or (0, None, None)
        waits = [events, *(shown_ms or [0.0] * 3), published_p99_ms or 0.0]
        print(json.dumps(dict(zip(Waits.__struct_fields__, waits, strict=True))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
