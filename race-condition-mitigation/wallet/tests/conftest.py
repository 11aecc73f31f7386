"""Wallets for tests: databases migrated as a strategy wants them, wallets wired in this process, and real replicas.

Django is configured once in a process, and a wallet has one database. So ``bootstrap`` is given a stand-in that
configures Django the first time and afterwards leads its one connection elsewhere: in this process wallets of
different settings follow each other, and never overlap. Those that must overlap are replicas, processes of their own.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connections

from trivet_chassis import Answer
from trivet_platform import Postgres, Program, Supervisor, free_port
from trivet_wallet import bootstrap, framework
from trivet_wallet.connection import Verify
from trivet_wallet.decide import Outcome
from trivet_wallet.ledger.kinds import AccountKind
from trivet_wallet.services import Command
from trivet_wallet.services.accounts import OpenAccount
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.settings import Settings
from trivet_wallet.teller import Call

_MAIN = "from trivet_wallet.entrypoints.cli import main; main()"
_configure_once = framework.configure


def leave() -> None:
    """Close this thread's connection and the pool behind it."""
    connections["default"].close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone has one
    del connections["default"]


def _configure(settings: Settings, verify: Verify, **more: Any) -> None:
    if not django_settings.configured:
        _configure_once(settings, verify, **(more | {"INSTALLED_APPS": framework.STAFF_APPS}))  # they cannot be changed
        return
    leave()
    elsewhere = connections.configure_settings({"default": framework.database(settings, verify)})
    connections.settings["default"] = elsewhere["default"]
    for name, value in more.items():
        setattr(django_settings, name, value)


@pytest.fixture(scope="session", autouse=True)
def _django_again() -> Iterator[None]:
    """Let ``bootstrap`` configure as often as it likes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framework, "configure", _configure)
        yield


@dataclass(frozen=True)
class Bank:
    """A wallet, and short words for what tests ask of it. Ids are the test's own."""

    wallet: bootstrap.Wallet

    @staticmethod
    def name(what: str) -> str:
        """Return a name that nobody else has."""
        return f"{what}-{uuid.uuid4().hex[:12]}"

    def do(self, command: Command) -> Any:
        """Settle a command and return what its caller is told."""
        return json.loads(self.settle(command).body)

    def settle(self, command: Command) -> Answer:
        return self.wallet.teller.settle(command)

    def settle_each(self, calls: Sequence[Call]) -> list[Outcome | Exception]:
        """Settle strangers and return what each was told, in their order."""
        told = [(call.name, outcome) for call, outcome in self.wallet.teller.settle_each(calls)]
        assert sorted(name for name, _ in told) == sorted(call.name for call in calls), "each is told once"
        return [dict(told)[call.name] for call in calls]

    def customer(self, balance_minor: int = 0, currency: str = "EUR") -> str:
        """Open a customer's account with a balance."""
        return self._opened(AccountKind.CUSTOMER, balance_minor, currency)

    def merchant(self, balance_minor: int = 0, currency: str = "EUR") -> str:
        """Open a merchant's account with a balance."""
        return self._opened(AccountKind.MERCHANT, balance_minor, currency)

    def _opened(self, kind: AccountKind, balance_minor: int, currency: str) -> str:
        account_id = self.name(kind)
        self.do(OpenAccount("s", None, account_id, "somebody", kind, currency))
        if balance_minor:
            self.do(Deposit("s", self.name("k"), account_id, balance_minor))
        return account_id

    def balance(self, account_id: str) -> tuple[int, int]:
        """Return balance and what of it is held."""
        account = self.wallet.selectors.account(account_id)
        return account["balance_minor"], account["held_minor"]

    def accounts(self) -> Mapping[str, Mapping[str, Any]]:
        """Return all accounts as they are at one moment."""
        page = self.wallet.selectors.accounts(None, 100_000)
        return {account["id"]: account for account in page["accounts"]}

    def total(self) -> int:
        """Return the sum over all accounts of one moment, the world outside included."""
        return sum(account["balance_minor"] for account in self.accounts().values())

    def statement(self, account_id: str, limit: int = 500) -> list[Mapping[str, Any]]:
        """Return all lines of an account, page by page."""
        lines: list[Mapping[str, Any]] = []
        after = None
        while True:
            page = self.wallet.selectors.statement(account_id, after, limit)
            lines += page["lines"]
            if (after := page["next"]) is None:
                return lines

    def said(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Say one statement beside the wallet, as an operator would, and return its rows."""
        with psycopg.connect(self.wallet.settings.database_url) as connection:
            cursor = connection.execute(statement, parameters)  # type: ignore[call-overload]  # a test's own text
            return cursor.fetchall() if cursor.description else []

    def retries(self, reason: str) -> float:
        labels = {"strategy": self.wallet.strategy.name, "reason": reason}
        return self.wallet.registry.get_sample_value("trivet_wallet_retries_total", labels) or 0.0


Open = Callable[..., AbstractContextManager[Bank]]


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Return what names a migrated database to copy: Django migrates for seconds, PostgreSQL copies in a moment."""
    made: dict[bool, str] = {}

    def ask(strategy: str) -> str:
        is_guarded = strategy != "naive"
        if is_guarded not in made:
            name = f"wallet_{'guarded' if is_guarded else 'naive'}_{uuid.uuid4().hex[:12]}"
            url = postgres.create_database(name)
            bootstrap.migrate(Settings(database_url=url, strategy=strategy, lab="tests"))
            leave()
            made[is_guarded] = name
        return made[is_guarded]

    yield ask
    for name in made.values():
        postgres.drop_database(name)


@pytest.fixture(scope="module")
def settings_for(postgres: Postgres, migrated: Callable[[str], str]) -> Iterator[Callable[[str], Settings]]:
    """Return settings of a strategy whose database is there and migrated; guarded strategies share one a module."""
    made: dict[str, str] = {}

    def ask(strategy: str) -> Settings:
        template = migrated(strategy)
        if template not in made:
            made[template] = postgres.create_database(f"{template}_{uuid.uuid4().hex[:12]}", template)
        return Settings(database_url=made[template], strategy=strategy, lab="tests")

    yield ask
    if django_settings.configured:
        leave()
    for url in made.values():
        postgres.drop_database(urlsplit(url).path.lstrip("/"))


@contextmanager
def opened(settings: Settings) -> Iterator[Bank]:
    """Wire a wallet in this process."""
    wallet = bootstrap.build(settings)
    try:
        yield Bank(wallet)
    finally:
        leave()


@pytest.fixture(scope="module")
def open_bank(settings_for: Callable[[str], Settings]) -> Open:
    """Return what opens a wallet in this process: ``with open_bank("optimistic", lock_wait_ms=5) as bank``."""

    @contextmanager
    def ask(strategy: str, **changes: Any) -> Iterator[Bank]:
        with opened(replace(settings_for(strategy), **changes)) as bank:
            yield bank

    return ask


@pytest.fixture(scope="session")
def open_at() -> Callable[[Settings], AbstractContextManager[Bank]]:
    """Return what opens a wallet of any settings in this process."""
    return opened


@pytest.fixture
def together() -> Callable[[Sequence[Callable[[], Any]]], list[Any]]:
    """Return what begins all of some work at one moment, a thread each, and returns results and exceptions in order."""

    def run(work: Sequence[Callable[[], Any]]) -> list[Any]:
        barrier = threading.Barrier(len(work))

        def begin(one: Callable[[], Any]) -> Any:
            barrier.wait(30)
            try:
                return one()
            except Exception as error:  # noqa: BLE001  - the test looks at what was raised
                return error

        with ThreadPoolExecutor(len(work)) as pool:
            return list(pool.map(begin, work))

    return run


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], Any]], Any]:
    """Return what asks again and again until something is true; a state that never comes fails the test."""

    def ask(probe: Callable[[], Any]) -> Any:
        end_s = time.monotonic() + 30
        while not (found := probe()):
            assert time.monotonic() < end_s, "it never came"
            time.sleep(0.005)
        return found

    return ask


@pytest.fixture(scope="module")
def start_replica(supervisor: Supervisor, settings_for: Callable[[str], Settings]) -> Iterator[Callable[..., Program]]:
    """Return what starts a real process of a strategy, ready to serve; all end with the module."""
    with ExitStack() as stack:

        def start(strategy: str, **environment: str) -> Program:
            listen = f"127.0.0.1:{free_port()}"
            variables = {
                "TRIVET_WALLET_LISTEN": listen,
                "TRIVET_WALLET_DATABASE_URL": settings_for(strategy).database_url,
                "TRIVET_WALLET_STRATEGY": strategy,
                "TRIVET_LAB": "tests",
            }
            program = Program(
                f"wallet-{listen}",
                [sys.executable, "-c", _MAIN, "api"],
                variables | environment,
                listen,
                f"http://{listen}/readyz",
            )
            supervisor.start(program)
            stack.callback(functools.partial(supervisor.stop, program))
            return program

        yield start
