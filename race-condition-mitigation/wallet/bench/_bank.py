"""A bank to measure at: PostgreSQL, a wallet's database with accounts, the textbook's tables, workers and replicas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

import psycopg

from trivet_lab.bench import request_bytes
from trivet_lab.settings import child_environment
from trivet_platform import Postgres, Program, Supervisor, free_port, run_pgbench

HERE = Path(__file__).resolve().parent
ACCOUNTS = 1_000
PROCESSES = len(os.sched_getaffinity(0))
_FILL = """
INSERT INTO accounts (id, owner, kind, currency, hot, row_minor, held_minor, version)
    VALUES ('external-eur', 'external', 'external', 'EUR', true, 0, 0, 0),
           ('hot', 'shop', 'merchant', 'EUR', true, 0, 0, 0),
           ('row', 'shop', 'merchant', 'EUR', false, 0, 0, 0);
INSERT INTO accounts (id, owner, kind, currency, hot, row_minor, held_minor, version)
    SELECT 'c-' || n, 'c', 'customer', 'EUR', false, 1000000000, 0, 0 FROM generate_series(0, %(accounts)s - 1) AS n;
"""


class Bank:
    """One PostgreSQL with a database for each who measures."""

    def __init__(self, supervisor: Supervisor, postgres: Postgres) -> None:
        self._supervisor = supervisor
        self._postgres = postgres
        self.wallet_url = self._wallet("wallet", "select_for_update")
        self.naive_url = self._wallet("naive", "naive")
        self.textbook_url = postgres.create_database("textbook")
        with psycopg.connect(self.textbook_url) as connection:
            tables = (HERE / "_textbook_tables.sql").read_text()
            connection.cursor().execute(tables.replace("%(accounts)s", str(ACCOUNTS)).encode())

    def _wallet(self, name: str, strategy: str) -> str:
        url = self._postgres.create_database(name)
        own = {"TRIVET_WALLET_DATABASE_URL": url, "TRIVET_WALLET_STRATEGY": strategy, "TRIVET_LAB": "bench"}
        subprocess.run([_program("trivet-wallet"), "migrate"], env=child_environment(own), check=True)
        with psycopg.connect(url) as connection:
            connection.cursor().execute(_FILL.replace("%(accounts)s", str(ACCOUNTS)).encode())
        return url

    def services_per_s(
        self, errand: str, callers: int, seconds: int, strategy: str = "select_for_update", batch: int = 1
    ) -> float:
        """Return how much callers get done a second at the services layer, in as many processes as there are cores."""
        url = self.naive_url if strategy == "naive" else self.wallet_url
        processes = min(PROCESSES, callers)
        with ExitStack() as stack:
            workers = []
            for number in range(processes):
                share = callers // processes + (number < callers % processes)
                words = [url, strategy, errand, *(str(figure) for figure in (share, batch, seconds, ACCOUNTS, number))]
                argv = [sys.executable, str(HERE / "_worker.py"), *words]
                workers.append(
                    stack.enter_context(
                        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                    )
                )
            for worker in workers:
                _line(worker)
            for worker in workers:
                print(file=worker.stdin, flush=True)
            return sum(float(_line(worker)) for worker in workers)

    def textbook_per_s(self, clients: int, seconds: int) -> float:
        """Return how many textbook transfers a second pgbench gets done."""
        variables = {"accounts": ACCOUNTS}
        script = HERE / "_textbook.sql"
        return run_pgbench(self.textbook_url, script, clients=clients, seconds=seconds, variables=variables).per_s

    @contextmanager
    def replica(self, strategy: str, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
        """Serve the wallet by one replica, and yield its URL."""
        listen = f"127.0.0.1:{free_port()}"
        environment = {
            "TRIVET_WALLET_DATABASE_URL": self.wallet_url,
            "TRIVET_WALLET_STRATEGY": strategy,
            "TRIVET_WALLET_LISTEN": listen,
            **settings,
        }
        command = [_program("trivet-wallet"), "api"]
        program = Program(f"wallet-{listen}", command, environment, listen, f"http://{listen}/readyz")
        self._supervisor.start(program)
        try:
            yield f"http://{listen}"
        finally:
            self._supervisor.stop(program)


def transfer_request(chance: Iterator[tuple[int, int]], token: str | None = None) -> bytes:
    """Return a transfer as it goes over the wire, under a key of its own, with a token if there is one."""
    payer, payee = next(chance)
    body = {"from_account_id": f"c-{payer}", "to_account_id": f"c-{payee}", "amount_minor": 5}
    headers = {"content-type": "application/json", "idempotency-key": uuid.uuid4().hex}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return request_bytes("POST", "/transfers", headers, json.dumps(body).encode())


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _line(worker: subprocess.Popen[str]) -> str:
    line = worker.stdout.readline() if worker.stdout else ""
    if not line:
        raise RuntimeError(f"a worker ended with {worker.wait()}")
    return line.strip()
