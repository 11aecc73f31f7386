"""Replicas of the API: real processes on the module's database, and what is asked of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from trivet_platform import Program, Supervisor, free_port

_MAIN = "from trivet_order.entrypoints.cli import main; main()"


@pytest.fixture(scope="module")
def start_replica(supervisor: Supervisor, database_url: str) -> Iterator[Callable[..., Program]]:
    """Return what starts a real process of the API, ready to serve; all end with the module."""
    with ExitStack() as stack:

        def start(**environment: str) -> Program:
            listen = f"127.0.0.1:{free_port()}"
            variables = {
                "TRIVET_ORDER_LISTEN": listen,
                "TRIVET_ORDER_DATABASE_URL": database_url,
                "TRIVET_LAB": "tests",
            }
            program = Program(
                f"order-{listen}",
                [sys.executable, "-c", _MAIN, "api"],
                variables | environment,
                listen,
                f"http://{listen}/readyz",
            )
            supervisor.start(program)
            stack.callback(supervisor.stop, program)
            return program

        yield start


@pytest.fixture
def wanted() -> dict[str, Any]:
    """Return the body of an order of stock and seats."""
    lines = [{"item_id": "umbrella", "quantity": 2}, {"show_id": "hamlet", "hold_id": "alice:1", "token": "secret"}]
    return {"account_id": "alice-eur", "lines": lines}
