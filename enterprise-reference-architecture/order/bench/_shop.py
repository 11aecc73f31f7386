"""What accepting is measured at: customers with tokens, and an order's database with the processes that serve it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from trivet_lab.bench import BenchError, Sent, closed_loop, open_loop, request_bytes
from trivet_lab.settings import child_environment
from trivet_platform import Issuer, Kafka, Postgres, Program, Supervisor, free_port

HERE = Path(__file__).resolve().parent
ORDER = str(Path(sys.executable).with_name("trivet-order"))
COMMANDS = {
    "api": [ORDER, "api"],
    "idle": [sys.executable, str(HERE / "_idle.py")],
    "relay": [ORDER, "relay"],
    "projector": [ORDER, "projector"],
}
CUSTOMERS = 500
ORDERED = {
    "account_id": "caller-eur",
    "lines": [{"item_id": "umbrella", "quantity": 2}, {"show_id": "hamlet", "hold_id": "caller-1", "token": "secret"}],
}
BEHIND = "SELECT (SELECT count(*) FROM outbox) - (SELECT count(*) FROM timeline)"
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_PATIENCE_S = 120.0
_POLL_S = 0.1


class Customers:
    """Who orders, in turn, each time under a key of its own."""

    def __init__(self, issuer: Issuer) -> None:
        given = issuer.tokens([f"caller-{number}" for number in range(CUSTOMERS)], "orders.write")
        self._tokens = itertools.cycle(given)
        self._body = json.dumps(ORDERED).encode()

    def request(self) -> bytes:
        """Return an order of two lines as it goes over the wire."""
        headers = {
            "content-type": "application/json",
            "idempotency-key": uuid.uuid4().hex,
            "authorization": f"Bearer {next(self._tokens)}",
        }
        return request_bytes("POST", "/orders", headers, self._body)

    def press(self, url: str, connections: int, seconds: float) -> Sent:
        """Order without pause (BenchError if not everything was accepted)."""
        return _accepted(closed_loop(url, self.request, connections=connections, seconds=seconds))

    def arrive(self, url: str, per_s: float, connections: int, seconds: float) -> Sent:
        """Order at a rate (BenchError if not everything was accepted)."""
        return _accepted(open_loop(url, self.request, per_s=per_s, connections=connections, seconds=seconds))


def _accepted(sent: Sent) -> Sent:
    if set(sent.statuses) != {"202"}:
        raise BenchError(f"not every order was accepted: {sent.statuses}")
    return sent


class Shop:
    """The order's database, migrated, and whoever is started on it."""

    def __init__(self, supervisor: Supervisor, postgres: Postgres, issuer: Issuer, kafka: Kafka | None = None) -> None:
        self._supervisor = supervisor
        self.url = postgres.create_database("order")
        self._environment = {
            "TRIVET_ORDER_DATABASE_URL": self.url,
            "TRIVET_ORDER_JWKS_URL": issuer.jwks_url,
            "TRIVET_ORDER_TOKEN_ISSUER": issuer.url,
            **({"TRIVET_ORDER_KAFKA_SERVERS": kafka.servers} if kafka else {}),
        }
        quiet = self._environment | {"TRIVET_ORDER_LOG_LEVEL": "warning"}
        subprocess.run([ORDER, "migrate"], env=child_environment(quiet), check=True)

    @contextmanager
    def running(self, name: str) -> Iterator[str]:
        """Run one of its processes, and yield the process's URL."""
        listen = f"127.0.0.1:{free_port()}"
        environment = self._environment | {"TRIVET_ORDER_LISTEN": listen}
        program = Program(f"{name}-{listen}", COMMANDS[name], environment, listen, f"http://{listen}/readyz")
        self._supervisor.start(program)
        try:
            yield f"http://{listen}"
        finally:
            self._supervisor.stop(program)

    def asked(self, sql: str) -> int:
        """Return the number that a statement returns."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.cursor().execute(sql.encode()).fetchone()
            return int(found[0]) if found else 0

    def behind(self) -> int:
        """Return how many events the timeline does not show yet."""
        return self.asked(BEHIND)

    def settle(self) -> None:
        """Wait until the timeline shows all that was accepted, and the outbox knows all of it as published.

        Raises:
            BenchError: two minutes are not enough.
        """
        until = time.monotonic() + _PATIENCE_S
        while self.behind() or self.asked(UNPUBLISHED):
            if time.monotonic() > until:
                raise BenchError(f"the timeline is {self.behind()} events behind after {_PATIENCE_S:g} s")
            time.sleep(_POLL_S)

    def analyze(self) -> None:
        """Tell the planner how large the tables have become, which it would learn in its own time."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ANALYZE")
