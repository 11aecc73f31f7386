"""Async tests, each in an event loop of its own, and migrated databases, each gone with its module."""

from __future__ import annotations

import asyncio
import gc
import inspect
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from trivet_order.migrations import migrate
from trivet_platform import Postgres

Closing = list[Callable[[], Awaitable[None]]]


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test; what its loop could only log fails it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    closing: Closing = pyfuncitem.funcargs.get("closing", [])
    complaints: list[str] = []

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for close in closing:
                stack.push_async_callback(close)
            await pyfuncitem.obj(**arguments)

    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(repr(context)))
        runner.run(run())
        gc.collect(1)
    assert not complaints, complaints
    return True


@pytest.fixture
def closing() -> Closing:
    """Return a list of what closes the things that fixtures made: it is called in the test's own loop, after it."""
    return []


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    """Return the URL of a database of the module's own, migrated."""
    name = f"order_{uuid.uuid4().hex[:12]}"
    url = postgres.create_database(name)
    migrate(url)
    yield url
    postgres.drop_database(name)
