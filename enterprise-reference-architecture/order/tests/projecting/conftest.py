"""Projectors as processes, on a broker whose groups forget a dead member soon."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from projector_bench import Bench

from trivet_platform import Kafka, Program, Supervisor, free_port

_MAIN = "from trivet_order.entrypoints.cli import main; main()"


@pytest.fixture(scope="session")
def groups(supervisor: Supervisor) -> Kafka:
    """Return a broker that lets a session be a second: who was killed is in the group for as long."""
    part = Kafka("kafka-groups", {"group.min.session.timeout.ms": "500"})
    supervisor.start(part)
    return part


@pytest.fixture
def bench(groups: Kafka, database_url: str, supervisor: Supervisor) -> Iterator[Bench]:
    """Return a topic of its own, the module's database, and what starts projectors between them."""
    with ExitStack() as stack:
        topic = f"events-{uuid.uuid4().hex[:12]}"
        groups.create_topic(topic, 12)
        yield Bench(groups.servers, topic, database_url, _starter(supervisor, stack))


def _starter(supervisor: Supervisor, stack: ExitStack) -> Callable[[Bench, str, dict[str, str]], Program]:
    def start(bench: Bench, mutation: str, environment: dict[str, str]) -> Program:
        listen = f"127.0.0.1:{free_port()}"
        variables = bench.variables | {"TRIVET_ORDER_LISTEN": listen} | environment
        argv = [sys.executable, "-c", f"{mutation}\n{_MAIN}", "projector"]
        program = Program(f"projector-{listen}", argv, variables, listen, f"http://{listen}/readyz")
        supervisor.start(program)
        stack.callback(supervisor.stop, program)
        return program

    return start
