from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from audit_log import line_of

from trivet_platform.postgres import Postgres
from trivet_platform.program import Program
from trivet_platform.sockets import free_port
from trivet_platform.supervisor import Supervisor

KEEP_BOOKS = Path(__file__).parents[1] / "audit" / "keep_books.py"
SECRET = "a-secret-of-the-tests-alone-with-more-than-fifty-characters-0123456789"
PASSWORD = "correct horse battery"
_MAIN = "from trivet_wallet.entrypoints.cli import main; main()"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_KEY = re.compile(r'name="key" value="([\w-]+)"')


class Office:
    """A wallet whose books are kept, with its staff's pages: a process of its own, on a database of its own."""

    def __init__(self, database_url: str, supervisor: Supervisor) -> None:
        self.database_url = database_url
        self.listen = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.listen}"
        self.log = supervisor.directory / "log" / f"office-{self.listen}.log"
        self._supervisor = supervisor
        self._program: Program | None = None

    def run(self, *words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``trivet-wallet``."""
        return subprocess.run(
            [sys.executable, "-c", _MAIN, *words],
            env={"TRIVET_WALLET_DATABASE_URL": self.database_url} | environment,
            input=stdin,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,  # one that was not refused would serve for ever
        )

    def open(self, **more: str) -> None:
        """Start the pages."""
        environment = {
            "TRIVET_WALLET_DATABASE_URL": self.database_url,
            "TRIVET_WALLET_ADMIN_LISTEN": self.listen,
            "TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET,
            **more,
        }
        program = Program(
            f"office-{self.listen}",
            [sys.executable, "-c", _MAIN, "admin"],
            environment,
            self.listen,
            f"{self.url}/readyz",
        )
        self._supervisor.start(program)
        self._program = program

    def beside(self) -> Office:
        """Return other pages over the same books, not yet started."""
        return Office(self.database_url, self._supervisor)

    def desk(self, url: str, **more: Any) -> Desk:
        """Return a desk for a stranger who comes by this address."""
        return Desk(url, **more)

    def close(self) -> None:
        """Stop the pages."""
        if self._program is not None:
            self._supervisor.stop(self._program)

    def told(self, answer: httpx.Response) -> dict[str, Any]:
        """Return what the audit log says of an answer's request."""
        return line_of(self.log, answer)

    def enrol(self, *words: str) -> None:
        """Let somebody see the pages."""
        done = self.run("staff", *words, "--password-stdin", stdin=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr


class Desk:
    """A browser without eyes: keeps cookies, and fills forms in."""

    def __init__(self, url: str, **more: Any) -> None:
        self.http = httpx.Client(**{"base_url": url, "follow_redirects": True, "timeout": 30, **more})

    def page(self, path: str) -> str:
        """Return a page that is there to be seen."""
        answer = self.http.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Log in."""
        token = found(_TOKEN, self.page("/login/"))
        form = {"csrfmiddlewaretoken": token, "username": name, "password": password}
        return self.http.post("/login/", data=form)

    def adjustment(
        self, debit: str, credit: str, amount_minor: str, reason: str = "ticket 17: paid twice"
    ) -> dict[str, str]:
        """Return the form of an adjustment as it was rendered and filled in."""
        page = self.page("/ledger/adjustment/add/")
        return {
            "csrfmiddlewaretoken": found(_TOKEN, page),
            "key": found(_KEY, page),
            "debit_account_id": debit,
            "credit_account_id": credit,
            "amount_minor": amount_minor,
            "reason": reason,
        }

    def adjust(self, form: dict[str, str]) -> httpx.Response:
        """Send it."""
        return self.http.post("/ledger/adjustment/add/", data=form)


def found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    assert match is not None, text
    return match[1]


@pytest.fixture(scope="session")
def office(postgres: Postgres, supervisor: Supervisor) -> Iterator[Office]:
    name = f"office_{uuid.uuid4().hex[:12]}"
    made = Office(postgres.create_database(name), supervisor)
    migrated = made.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    kept = subprocess.run(
        [sys.executable, KEEP_BOOKS],
        env={"TRIVET_WALLET_DATABASE_URL": made.database_url},
        text=True,
        capture_output=True,
        check=False,
    )
    assert kept.returncode == 0, kept.stderr
    made.enrol("reader")
    made.enrol("adjuster", "--may-adjust")
    made.open()
    yield made
    made.close()
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def desk_of(office: Office) -> Iterator[Callable[[str | None], Desk]]:
    """Return what gives somebody a desk, logged in and the same each time; None is a stranger."""
    strangers: list[Desk] = []
    desks: dict[str, Desk] = {}

    def sit(name: str | None) -> Desk:
        if name is None:
            strangers.append(Desk(office.url))
            return strangers[-1]
        if name not in desks:
            desks[name] = Desk(office.url)
            assert desks[name].log_in(name).url.path == "/"
        return desks[name]

    yield sit
    for desk in [*strangers, *desks.values()]:
        desk.http.close()
