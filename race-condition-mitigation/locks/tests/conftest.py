"""Async tests, real masters, and the ways to look at them from outside the library."""

import asyncio
import gc
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import redis

from trivet_platform import Supervisor, Valkey

_PATIENCE_S = 15.0


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test in an event loop of its own; what the loop could only log fails the test."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    complaints: list[str] = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(repr(context)))
        runner.run(pyfuncitem.obj(**arguments))
        gc.collect()
    assert not complaints, complaints
    return True


class Masters:
    """Five masters, looked at by a client of their own."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self._clients = [redis.Redis.from_url(url, socket_timeout=_PATIENCE_S) for url in urls]

    def holders(self, key: str) -> list[str | None]:
        """What each master says the key's value is."""
        values = [client.get(key) for client in self._clients]
        return [value.decode() if isinstance(value, bytes) else None for value in values]

    def put(self, key: str, token: str, *, on: list[int]) -> None:
        """Let somebody else hold the key on some masters."""
        for index in on:
            self._clients[index].set(key, token, px=60_000)

    def drop(self, key: str) -> None:
        """Delete the key everywhere."""
        for client in self._clients:
            client.delete(key)

    def calls(self, index: int, command: str) -> int:
        """How often a master has executed a command since it started."""
        stats: dict[str, Any] = self._clients[index].info("commandstats")
        return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            client.close()


class BreakableMasters(Masters):
    """Five masters of this module alone, to be killed and paused."""

    def __init__(self, parts: list[Valkey], supervisor: Supervisor) -> None:
        super().__init__([part.url for part in parts])
        self.parts = parts
        self._supervisor = supervisor

    def heal(self) -> None:
        """Let every master run again."""
        for part in self.parts:
            part.resume()
        dead = [part for part in self.parts if not part.pids]
        if dead:
            self._supervisor.start(*dead)


@pytest.fixture
def masters(valkeys: Callable[[int], list[str]]) -> Iterator[Masters]:
    """The session's five masters."""
    five = Masters(valkeys(5))
    yield five
    five.close()


@pytest.fixture(scope="module")
def breakable_parts(supervisor: Supervisor, request: pytest.FixtureRequest) -> Iterator[list[Valkey]]:
    name = request.node.name.removesuffix(".py").rpartition("/")[2]
    parts = [Valkey(f"{name}-{number}") for number in range(5)]
    supervisor.start(*parts)
    yield parts
    for part in parts:
        part.resume()
        supervisor.stop(part)


@pytest.fixture
def breakable(breakable_parts: list[Valkey], supervisor: Supervisor) -> Iterator[BreakableMasters]:
    five = BreakableMasters(breakable_parts, supervisor)
    yield five
    five.heal()
    five.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for a condition to come true; what it waited for is in the traceback if it never does."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110  - other processes set no event of ours
                await asyncio.sleep(0.005)

    return wait
