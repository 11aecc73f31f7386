"""What an uncontended lock costs: Redlock over five masters beside pottery's, and over one beside python-redis-lock.

    ./trivet bench redlock [--quick]

One task acquires a lock and releases it, again and again. Nobody else wants it: this is what a buyer pays who would
have been alone anyway. Each side keeps what it can keep between two rounds: its connections, and the lock's object.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import redis
import redis.asyncio
import redis_lock
from pottery import AIORedlock

from trivet_lab.bench import Measured, alternate, bench_main
from trivet_locks import Redlock
from trivet_platform import Supervisor, Valkey

TTL_MS = 5000
WHY = "no bar was promised; a lock is one of several round trips of a purchase, and no part of what keeps it correct."


async def rounds_per_s(count: int, once: Callable[[], Awaitable[None]]) -> float:
    """Return how many times a second one task takes the lock and gives it back."""
    started = time.perf_counter()
    for _ in range(count):
        await once()
    return count / (time.perf_counter() - started)


def ours(urls: Sequence[str]) -> Callable[[], Awaitable[None]]:
    """Return a round of this library's Redlock, which raises unless it got the lock."""
    redlock = Redlock.connect(urls)

    async def once() -> None:
        lease = await redlock.acquire("ours", ttl_ms=TTL_MS)
        await lease.release()

    return once


def pottery(urls: Sequence[str]) -> Callable[[], Awaitable[None]]:
    """Return a round of pottery's asyncio Redlock."""
    masters = [redis.asyncio.Redis.from_url(url) for url in urls]
    lock = AIORedlock(key="pottery", masters=masters, auto_release_time=TTL_MS / 1000)

    async def once() -> None:
        if not await lock.acquire():
            raise RuntimeError("pottery did not get a lock that nobody holds")
        await lock.release()

    return once


def python_redis_lock(url: str, count: int) -> float:
    """Return the rounds a second of python-redis-lock, which blocks its thread: the best case of one task."""
    with redis.Redis.from_url(url) as client:
        lock = redis_lock.Lock(client, "python-redis-lock", expire=TTL_MS // 1000)
        lock.acquire()
        lock.release()  # connected, and its scripts are known
        started = time.perf_counter()
        for _ in range(count):
            lock.acquire()
            lock.release()
        return count / (time.perf_counter() - started)


def measure(*, quick: bool) -> list[Measured]:
    """Start five masters, and measure on one event loop."""
    pairs, rounds = (6, 50) if quick else (30, 500)
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor, asyncio.Runner() as runner:
        masters = [Valkey(f"valkey-{number}") for number in range(1, 6)]
        supervisor.start(*masters)
        urls = [master.url for master in masters]

        def taking(once: Callable[[], Awaitable[None]]) -> Callable[[], float]:
            return lambda: runner.run(rounds_per_s(rounds, once))

        five = alternate(taking(ours(urls)), taking(pottery(urls)), pairs)
        one = alternate(taking(ours(urls[:1])), functools.partial(python_redis_lock, urls[0], rounds), pairs)
    return [
        Measured(
            bench="redlock",
            unit="locks/s",
            compares=(
                f"{rounds} times acquire and release by one task on five masters, uncontended: ours, which goes on at "
                "a majority; peer pottery's `AIORedlock`, which waits for all five."
            ),
            pairs=five,
            why=WHY,
        ),
        Measured(
            bench="redlock-one-master",
            unit="locks/s",
            compares=(
                f"{rounds} times acquire and release on one master, uncontended: ours by one task on an event loop; "
                "peer python-redis-lock by one thread that blocks."
            ),
            pairs=one,
            why=WHY,
        ),
    ]


if __name__ == "__main__":
    bench_main(__file__, measure)
