"""Fixtures that give any member's tests real servers, each started when the first test asks for it.

One PostgreSQL a session and a database a module; as many Valkey masters as the most demanding test asks for; one Kafka
a session and a topic a test.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

import pytest

from trivet_platform.kafka import Kafka
from trivet_platform.postgres import Postgres
from trivet_platform.supervisor import Supervisor
from trivet_platform.valkey import Valkey

_NAME_CHARS_MAX = 40


@pytest.fixture(scope="session")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """A platform for the session; everything that is started on it ends with it."""
    with Supervisor(tmp_path_factory.mktemp("platform")) as platform:
        yield platform


@pytest.fixture(scope="session")
def postgres(supervisor: Supervisor) -> Postgres:
    """The session's PostgreSQL. A test that breaks a server starts one of its own on ``supervisor``."""
    part = Postgres()
    supervisor.start(part)
    return part


@pytest.fixture(scope="module")
def database(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """The owner's address of a fresh database, dropped after the module."""
    module = re.sub(r"\W+", "_", request.node.name.removesuffix(".py"))[-_NAME_CHARS_MAX:]
    name = f"{module}_{id(request.node):x}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def valkeys(supervisor: Supervisor) -> Callable[[int], list[str]]:
    """Return the addresses of n independent masters. They are kept for the session, with what is in them."""
    started: list[Valkey] = []

    def ask(count: int) -> list[str]:
        new = [Valkey(f"valkey-{number}") for number in range(len(started) + 1, count + 1)]
        if new:
            supervisor.start(*new)
            started.extend(new)
        return [part.url for part in started[:count]]

    return ask


@pytest.fixture(scope="session")
def kafka(supervisor: Supervisor) -> Kafka:
    """The session's Kafka. Tests keep apart by the names of their topics and groups."""
    part = Kafka()
    supervisor.start(part)
    return part


@pytest.fixture
def topic(kafka: Kafka, request: pytest.FixtureRequest) -> str:
    """The name of a fresh topic with one partition; a group of the same name is as fresh."""
    test = re.sub(r"[^\w.-]+", "_", request.node.name, flags=re.ASCII)[:_NAME_CHARS_MAX]
    name = f"{test}-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name)
    return name
