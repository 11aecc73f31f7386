"""The Redlock flow (docs/architecture.md, 1.1) as its servers saw it: each message of the diagram, in its order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import redis
from conformance.interference import until
from conformance.service import Scene, Service
from conformance.subject import subjects

from trivet_platform import Issuer, Postgres, Supervisor


class Event(NamedTuple):
    """Something that a server was told, by its own clock (whole milliseconds, one machine)."""

    at_ms: int
    what: str


class Shop(NamedTuple):
    scene: Scene
    masters: Sequence[str]
    log: Path


@pytest.fixture(scope="module")
def shop(supervisor: Supervisor, postgres: Postgres, valkeys: Callable[[int], Sequence[str]]) -> Iterator[Shop]:
    """The inventory under strategy `redlock`, on a database that logs every statement."""
    issuer = Issuer("asked-issuer")
    supervisor.start(issuer)
    subject = next(subject for subject in subjects() if subject.name == "inventory")
    service = Service(subject, "redlock", supervisor, postgres, valkeys, issuer)
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{service.database}" SET log_statement = "all"')
    with service.replicas(1) as [(api, _)]:
        yield Shop(Scene(api, subject), valkeys(5), supervisor.directory / "log" / f"{postgres.name}.log")


def statements(log: Path, since: int) -> list[Event]:
    """Return what the database executed, from the position `since` of its log."""
    form = r"^(\S+ \S+) UTC \[\d+\] \S+ LOG:  (?:execute \S+|statement): (.*(?:\n\t.*)*)"
    return [
        Event(round(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000), " ".join(text.split()))
        for at, text in re.findall(form, log.read_text()[since:], re.MULTILINE)
    ]


def one(events: Sequence[Event], form: str) -> Event:
    found = [event for event in events if re.search(form, event.what)]
    assert len(found) == 1, f"{form}: {found} in {events}"
    return found[0]


def told_until_released(monitor: redis.client.Monitor, key: str) -> list[Event]:
    """Return what a master was told about a key, the deletion at its end included."""
    seen: list[Event] = []
    while not any(event.what.startswith("DEL ") for event in seen):
        told = monitor.next_command()
        if key in told["command"]:
            seen.append(Event(int(float(told["time"]) * 1000), told["command"]))
    return seen


def test_a_purchase_takes_each_step_in_its_order(shop: Shop) -> None:
    body = shop.scene.fill({"item_id": "{item}"})
    key = f"resource_lock:{body['item_id']}"
    since = len(shop.log.read_text())
    with ExitStack() as stack:
        monitors = []
        for master in shop.masters:
            client = stack.enter_context(redis.Redis.from_url(master, socket_timeout=10))
            monitors.append(stack.enter_context(client.monitor()))
        answer = shop.scene.api.call("POST", "/buy-item", body)
        told = [told_until_released(monitor, key) for monitor in monitors]
    assert answer.status == 200
    assert answer.json()["quantity"] == 1

    locks = sorted(one(seen, rf"^SET {key} \w{{16,}} NX PX 5000\b") for seen in told)
    releases = sorted(one(seen, rf"^EVAL(SHA)? .*\b{key}\b") for seen in told)
    (token,) = {lock.what.split()[2] for lock in locks}
    assert all(token in release.what for release in releases)
    executed = statements(shop.log, since)
    read = one(executed, r"^SELECT \* FROM items WHERE id = \$1$")
    write = one(executed, r"UPDATE items SET stock = stock - \$2")
    commit = next(event for event in executed if event.what.startswith("COMMIT") and event.at_ms >= write.at_ms)
    quorum = locks[len(shop.masters) // 2]  # the lock is held from here on; the other masters may be told later
    steps = [quorum, read, write, commit, releases[0]]
    assert [step.at_ms for step in steps] == sorted(step.at_ms for step in steps), steps


def test_an_empty_stock_is_a_409_and_gives_the_lock_back(shop: Shop) -> None:
    body = shop.scene.fill({"item_id": "{empty}"})
    answer = shop.scene.api.call("POST", "/buy-item", body)
    assert (answer.status, answer.json()["code"]) == (409, "out-of-stock")
    for master in shop.masters:
        with redis.Redis.from_url(master) as client:
            until(lambda held=client: not held.exists(f"resource_lock:{body['item_id']}"), "the lock is given back")


def test_a_busy_lock_is_a_429_that_leaves_the_holder_s_lock_alone(shop: Shop) -> None:
    body = shop.scene.fill({"item_id": "{item}"})
    clients = [redis.Redis.from_url(master) for master in shop.masters]
    for client in clients:
        assert client.set(f"resource_lock:{body['item_id']}", "somebody-else", nx=True, px=60_000)
    answer = shop.scene.api.call("POST", "/buy-item", body)
    assert (answer.status, answer.json()["code"]) == (429, "lock-busy")
    assert int(answer.headers["retry-after"]) >= 1
    for client in clients:
        assert client.get(f"resource_lock:{body['item_id']}") == b"somebody-else"
        client.delete(f"resource_lock:{body['item_id']}")
        client.close()
    assert shop.scene.api.call("POST", "/buy-item", body).status == 200
