"""What is known of a transaction that failed: nothing happened before COMMIT was sent, everything is unknown after."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from trivet_chassis import Unavailable
from trivet_platform import Link, Postgres, Supervisor
from trivet_wallet import bootstrap
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.settings import Settings
from trivet_wallet.teller import Call

MISSING_STANDBY = ("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
NO_STANDBY = ("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def fragile(supervisor: Supervisor) -> Iterator[Postgres]:
    """A server of its own, because these tests break it."""
    part = Postgres("fragile-wallet")
    supervisor.start(part)
    yield part
    supervisor.stop(part)


@pytest.fixture(scope="module")
def link(supervisor: Supervisor, fragile: Postgres) -> Iterator[Link]:
    """The network between the wallet and that server."""
    part = Link("fragile-wallet-link", fragile.url().rpartition("@")[2].partition("/")[0])
    supervisor.start(part)
    yield part
    supervisor.stop(part)


@pytest.fixture(scope="module")
def direct(fragile: Postgres) -> Settings:
    settings = Settings(database_url=fragile.create_database("wallet"), lab="tests")
    bootstrap.migrate(settings)
    return settings


@pytest.fixture
def linked(direct: Settings, link: Link) -> Iterator[Settings]:
    """The settings of a wallet behind the link, which is healed in the end."""
    credentials = direct.database_url.partition("@")[0]
    yield replace(direct, database_url=f"{credentials}@{link.address}/wallet")
    link.clear()


def administer(fragile: Postgres, *statements: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(fragile.url("wallet"), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)  # type: ignore[call-overload]  # a test's own text
        return cursor.fetchall() if cursor.description else []


@contextmanager
def without_its_standby(fragile: Postgres, until: Callable[[Callable[[], Any]], Any]) -> Iterator[None]:
    """Let every COMMIT wait for a standby that is not there."""

    def is_set(wanted: str) -> bool:
        return administer(fragile, "SHOW synchronous_standby_names") == [(wanted,)]

    administer(fragile, *MISSING_STANDBY)
    until(partial(is_set, "nobody"))
    try:
        yield
    finally:
        administer(fragile, *NO_STANDBY)
        until(partial(is_set, ""))


def refused(work: Callable[[], Any]) -> Unavailable:
    with pytest.raises(Unavailable) as error:
        work()
    return error.value


@pytest.mark.parametrize("strategy", ["select_for_update", "optimistic"])
def test_a_commit_whose_answer_is_lost_is_unknown_and_resolved_by_its_key(
    strategy: str, link: Link, linked: Settings, open_at: Any
) -> None:
    with open_at(replace(linked, strategy=strategy)) as bank:
        a, b = bank.customer(100), bank.customer()
        command = Transfer("s", bank.name("k"), a, b, 60)
        link.cut_after(b"COMMIT", times=1)
        error = refused(lambda: bank.settle(command))
        assert (error.definite, error.retryable) == (False, True)
        assert link.counts()["matched"] >= 1
        answer = bank.settle(command)
        assert (answer.status, answer.replayed) == (201, True)
        assert (bank.balance(a), bank.balance(b)) == ((40, 0), (60, 0))


def test_a_batch_whose_commit_is_lost_is_unknown_for_all_of_it(link: Link, linked: Settings, open_at: Any) -> None:
    with open_at(linked) as bank:
        a, b = bank.customer(100), bank.customer()
        commands = [Transfer("s", bank.name("k"), a, b, 10) for _ in range(3)]
        link.cut_after(b"COMMIT", times=1)
        outcomes = bank.settle_each([Call(command) for command in commands])
        assert [(type(each), each.definite) for each in outcomes] == [(Unavailable, False)] * 3
        again = bank.wallet.teller.settle_all([Call(command) for command in commands])
        assert [answer.replayed for answer in again] == [True] * 3
        assert bank.balance(a) == (70, 0)
        assert bank.wallet.registry.get_sample_value(
            "trivet_wallet_operations_total",
            {"strategy": "select_for_update", "operation": "transfer", "outcome": "unknown"},
        ) == len(commands)


def test_a_commit_that_is_swallowed_is_unknown_when_its_deadline_is_over(
    link: Link, linked: Settings, open_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = replace(linked, commit_timeout_ms=300, statement_timeout_ms=500)
    with open_at(linked) as bank:
        a, b = bank.customer(100), bank.customer()
    with open_at(hasty) as bank:
        command = Transfer("s", bank.name("k"), a, b, 60)
        settle = bank.wallet.teller._settle

        def settle_and_lose_the_network(*arguments: Any) -> Any:
            outcomes = settle(*arguments)
            link.black_hole()
            return outcomes

        monkeypatch.setattr(bank.wallet.teller, "_settle", settle_and_lose_the_network)
        assert refused(lambda: bank.settle(command)).definite is False
        monkeypatch.setattr(bank.wallet.teller, "_settle", settle)
        link.clear()
    with open_at(linked) as bank:
        assert bank.settle(command).replayed is False  # the COMMIT never arrived, and the server rolled back
        assert bank.balance(a) == (40, 0)


def test_an_answer_that_is_swallowed_before_commit_is_a_definite_failure(
    link: Link, linked: Settings, open_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_at(linked) as bank:
        a, b = bank.customer(100), bank.customer()
    with open_at(replace(linked, commit_timeout_ms=300, statement_timeout_ms=500)) as bank:
        write = bank.wallet.strategy.write_accounts

        def write_into_the_void(*arguments: Any) -> Any:
            link.black_hole()
            return write(*arguments)

        monkeypatch.setattr(bank.wallet.strategy, "write_accounts", write_into_the_void, raising=False)
        assert refused(lambda: bank.settle(Transfer("s", bank.name("k"), a, b, 60))).definite is True
        link.clear()
    with open_at(linked) as bank:
        assert bank.balance(a) == (100, 0)


@pytest.mark.parametrize("ending", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_whose_wait_was_ended_is_unknown_and_so_is_its_replay(
    ending: str, fragile: Postgres, direct: Settings, open_at: Any, until: Any
) -> None:
    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = 'wallet'"

    with open_at(direct) as bank:
        a = bank.customer()
        command = Deposit("s", bank.name("k"), a, 5)
        outcomes: list[Any] = []

        def settle() -> None:
            try:
                outcomes.append(bank.settle(command))
            except Exception as error:  # noqa: BLE001  - the test looks at what was raised
                outcomes.append(error)

        with without_its_standby(fragile, until):
            for _ in range(2):  # the movement itself, then its replay, which may promise no more than the first could
                thread = threading.Thread(target=settle)
                thread.start()
                until(lambda: administer(fragile, f"SELECT {ending}(pid) {waiting}"))
                thread.join()
        assert [(type(each), each.definite) for each in outcomes] == [(Unavailable, False)] * 2
        answer = bank.settle(command)
        assert (answer.status, answer.replayed) == (201, True)
        assert bank.balance(a) == (5, 0)


def once_after(step: str, bank: Any, monkeypatch: pytest.MonkeyPatch, act: Callable[[int], Any]) -> None:
    """Do something, given the backend's pid, when the teller has taken a step in its transaction for the first time."""
    take, moments = getattr(bank.wallet.teller, step), iter([True])

    def take_and_act(session: Any, *arguments: Any) -> Any:
        taken = take(session, *arguments)
        if next(moments, False):
            act(session._connection.info.backend_pid)
        return taken

    monkeypatch.setattr(bank.wallet.teller, step, take_and_act)


def test_a_connection_that_ends_before_commit_is_a_definite_failure(
    fragile: Postgres, direct: Settings, open_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_at(direct) as bank:
        a, b = bank.customer(100), bank.customer()
        once_after("_read", bank, monkeypatch, lambda pid: administer(fragile, f"SELECT pg_terminate_backend({pid})"))
        command = Transfer("s", bank.name("k"), a, b, 60)
        assert refused(lambda: bank.settle(command)).definite is True
        assert bank.balance(a) == (100, 0)
        assert bank.settle(command).replayed is False


def test_the_server_ends_a_movement_that_stands_still_before_its_commit(
    fragile: Postgres, direct: Settings, open_at: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline said its last words, and rows are locked: nobody else is to wait for it for ever."""
    with open_at(replace(direct, idle_in_transaction_timeout_ms=100)) as bank:
        a, b = bank.customer(100), bank.customer()
        once_after(
            "_settle",
            bank,
            monkeypatch,
            lambda pid: until(lambda: (pid,) not in administer(fragile, "SELECT pid FROM pg_stat_activity")),
        )
        command = Transfer("s", bank.name("k"), a, b, 60)
        assert refused(lambda: bank.settle(command)).retryable is True
        assert bank.balance(a) == (100, 0)
        assert bank.settle(command).replayed is False
        assert bank.balance(a) == (40, 0)


def test_work_that_swallows_an_error_does_not_pass_for_done(direct: Settings, open_at: Any) -> None:
    """COMMIT of a transaction that failed is answered with ROLLBACK, and no error."""

    def swallow(session: Any) -> None:
        with pytest.raises(psycopg.errors.DivisionByZero):
            session.say("SELECT 1 / 0")

    with open_at(direct) as bank:
        assert refused(lambda: bank.wallet.transactions.run(swallow)).definite is True


def test_waits_are_bounded_and_what_they_end_with_is_definite(direct: Settings, open_at: Any) -> None:
    with open_at(replace(direct, lock_wait_ms=10_000, statement_timeout_ms=50)) as bank:
        a, b = bank.customer(10), bank.customer()
        command = Transfer("s", bank.name("k"), a, b, 1)
        with psycopg.connect(direct.database_url) as other:
            other.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [b])
            assert refused(lambda: bank.settle(command)).definite is True
    with open_at(replace(direct, pool_connections_max=3, lanes=1, pool_wait_ms=500)) as bank:
        all_are_taken, may_go = threading.Barrier(4), threading.Event()

        def hold_a_connection(_: Any) -> None:
            all_are_taken.wait(30)
            may_go.wait(30)

        holders = [threading.Thread(target=bank.wallet.transactions.run, args=[hold_a_connection]) for _ in range(3)]
        for thread in holders:
            thread.start()
        all_are_taken.wait(30)
        error = refused(lambda: bank.settle(command))
        may_go.set()
        for thread in holders:
            thread.join()
        assert error.definite is True
        assert bank.settle(command).replayed is False


def test_a_killed_server_is_a_definite_failure_and_the_wallet_serves_again_when_it_is_back(
    supervisor: Supervisor, fragile: Postgres, direct: Settings, open_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_at(direct) as bank:
        a, b = bank.customer(100), bank.customer()
        write = bank.wallet.strategy.write_accounts

        def write_to_the_dead(*arguments: Any) -> Any:
            fragile.kill()
            return write(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(bank.wallet.strategy, "write_accounts", write_to_the_dead, raising=False)
            command = Transfer("s", bank.name("k"), a, b, 60)
            assert refused(lambda: bank.settle(command)).definite is True
        assert refused(lambda: bank.settle(command)).definite is True
        assert refused(bank.wallet.selectors.ping).definite is True
        assert refused(bank.wallet.confirm).definite is True
        supervisor.start(fragile)
        assert bank.settle(command).replayed is False
        assert bank.balance(a) == (40, 0)
