"""Shops for tests: databases migrated for a strategy, wired processes in this one, and real replicas."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from trivet_inventory.bootstrap import Inventory, build, migrate
from trivet_inventory.items import NewItem
from trivet_inventory.settings import Settings
from trivet_platform import Postgres, Program, Supervisor, free_port

Open = Callable[..., AbstractAsyncContextManager[Inventory]]
_MAIN = "from trivet_inventory.entrypoints.cli import main; main()"


@pytest.fixture(scope="module")
def settings_for(postgres: Postgres, valkeys: Callable[[int], list[str]]) -> Iterator[Callable[[str], Settings]]:
    """Return settings of a strategy whose database is there and migrated, one a strategy and module."""
    made: dict[str, Settings] = {}
    databases: list[str] = []

    def ask(strategy: str) -> Settings:
        if strategy not in made:
            databases.append(f"inventory_{strategy}_{uuid.uuid4().hex[:12]}")
            settings = Settings(
                database_url=postgres.create_database(databases[-1]),
                valkey_urls=tuple(valkeys(5)) if strategy == "redlock" else (),
                strategy=strategy,
                lock_node_deadline_ms=1000,  # a busy machine must not look like masters that are away
                lab="tests",
            )
            migrate(settings)
            made[strategy] = settings
        return made[strategy]

    yield ask
    for name in databases:
        postgres.drop_database(name)


@pytest.fixture(scope="module")
def open_shop(settings_for: Callable[[str], Settings]) -> Open:
    """Return what opens a shop in this process: ``async with open_shop("advisory", lock_wait_ms=0) as inventory``."""

    @asynccontextmanager
    async def opened(strategy: str, **changes: Any) -> AsyncIterator[Inventory]:
        # In a thread, because a migration runs an event loop of its own.
        settings = await asyncio.to_thread(settings_for, strategy)
        inventory = build(replace(settings, **changes))
        await inventory.database.open()
        try:
            await inventory.database.confirm()
            yield inventory
        finally:
            await inventory.close()

    return opened


@pytest.fixture
def sell(request: pytest.FixtureRequest) -> Callable[[Inventory, int], Awaitable[str]]:
    """Return what puts an item of the test's own on sale."""
    numbers = iter(range(1000))

    async def put(inventory: Inventory, stock: int) -> str:
        item_id = f"t{abs(hash(request.node.nodeid)):x}-{next(numbers)}"
        answer = await inventory.catalogue.create("anonymous", None, NewItem(item_id, None, stock, 250, "EUR"))
        assert answer.status == 201
        return item_id

    return put


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]:
    """Return what asks again and again until something is true; a state that never comes fails the test."""

    async def ask(probe: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(30):
            while not (found := await probe()):  # noqa: ASYNC110  - another process changes what is asked for
                await asyncio.sleep(0.005)
            return found

    return ask


@pytest.fixture(scope="module")
def start_replica(supervisor: Supervisor, settings_for: Callable[[str], Settings]) -> Iterator[Callable[..., Program]]:
    """Return what starts a real process of a strategy, ready to serve; all end with the module.

    ``mutation`` is Python that the process runs before anything else: a guard taken away, as a rule.
    """
    with ExitStack() as stack:

        def start(strategy: str, mutation: str = "", **environment: str) -> Program:
            settings = settings_for(strategy)
            listen = f"127.0.0.1:{free_port()}"
            variables = {
                "TRIVET_INVENTORY_LISTEN": listen,
                "TRIVET_INVENTORY_DATABASE_URL": settings.database_url,
                "TRIVET_INVENTORY_VALKEY_URLS": ",".join(settings.valkey_urls),
                "TRIVET_INVENTORY_STRATEGY": strategy,
                "TRIVET_INVENTORY_LOCK_NODE_DEADLINE_MS": str(settings.lock_node_deadline_ms),
                "TRIVET_LAB": "tests",
            }
            program = Program(
                f"inventory-{listen}",
                [sys.executable, "-c", f"{mutation}\n{_MAIN}", "api"],
                variables | environment,
                listen,
                f"http://{listen}/readyz",
            )
            supervisor.start(program)
            stack.callback(supervisor.stop, program)
            return program

        yield start
