"""The last line of defence: what the database refuses, whoever asks, and which database a strategy takes."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from psycopg import errors

from trivet_chassis import WrongDatabase
from trivet_locks import advisory_key
from trivet_platform import Postgres
from trivet_wallet import bootstrap
from trivet_wallet.ledger.kinds import GUARDS
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.settings import Settings

POST = "INSERT INTO postings (transaction_id, account_id, amount_minor, currency, account_version) VALUES "


@pytest.fixture
def bank(open_bank: Any) -> Iterator[Any]:
    with open_bank("select_for_update") as one:
        yield one


def transaction(bank: Any) -> str:
    """Write a transaction without postings, as a mistaken operator would, and return its id."""
    made = str(uuid.uuid4())
    bank.said("INSERT INTO transactions (id, kind) VALUES (%s, 'adjustment')", made)
    return made


@pytest.mark.parametrize("table", ["transactions", "postings", "operations"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "DELETE FROM {} WHERE false", "TRUNCATE {} CASCADE"]
)
def test_what_was_written_stays_written(table: str, statement: str, bank: Any) -> None:
    bank.customer(5)
    with pytest.raises(errors.RestrictViolation, match="append-only"):
        bank.said(statement.format(table))


def test_postings_that_do_not_balance_are_refused(bank: Any) -> None:
    a, b = bank.customer(5), bank.customer(5)
    one = transaction(bank)
    with pytest.raises(errors.CheckViolation, match="does not balance"):
        bank.said(f"{POST} (%s, %s, -5, 'EUR', 90), (%s, %s, 4, 'EUR', 90)", one, a, one, b)
    with pytest.raises(errors.CheckViolation, match="does not balance"):
        bank.said(f"{POST} (%s, %s, 1, 'EUR', 90)", one, a)
    two = transaction(bank)
    with pytest.raises(errors.CheckViolation, match="does not balance"):  # each must, not both of them together
        bank.said(f"{POST} (%s, %s, -5, 'EUR', 90), (%s, %s, 5, 'EUR', 90)", one, a, two, b)
    bank.said(f"{POST} (%s, %s, -5, 'EUR', 90), (%s, %s, 5, 'EUR', 90)", one, a, one, b)


def test_currencies_do_not_balance_each_other_and_an_account_has_one(bank: Any) -> None:
    euros, dollars = bank.customer(5), bank.customer(5, "USD")
    one = transaction(bank)
    with pytest.raises(errors.CheckViolation, match="does not balance"):
        bank.said(f"{POST} (%s, %s, -5, 'EUR', 90), (%s, %s, 5, 'USD', 90)", one, euros, one, dollars)
    with pytest.raises(errors.ForeignKeyViolation, match="postings_account_currency"):
        bank.said(f"{POST} (%s, %s, -5, 'EUR', 90), (%s, %s, 5, 'EUR', 90)", one, euros, one, dollars)


def test_nobody_but_the_world_outside_is_debited_without_a_row(bank: Any) -> None:
    a, m = bank.customer(5), bank.merchant(5)
    one = transaction(bank)
    for account_id in (a, m):
        with pytest.raises(errors.CheckViolation, match="debited without its row"):
            bank.said(f"{POST} (%s, %s, -5, 'EUR', NULL), (%s, 'external-eur', 5, 'EUR', NULL)", one, account_id, one)
    bank.said(f"{POST} (%s, 'external-eur', -5, 'EUR', NULL), (%s, %s, 5, 'EUR', NULL)", one, one, m)


def test_a_posting_of_nothing_is_refused(bank: Any) -> None:
    a, one = bank.customer(5), transaction(bank)
    with pytest.raises(errors.CheckViolation, match="postings_amount_not_zero"):
        bank.said(f"{POST} (%s, %s, 0, 'EUR', 90)", one, a)


@pytest.mark.parametrize("change", ["SET row_minor = -1", "SET held_minor = 6", "SET held_minor = -1"])
def test_an_account_is_not_overdrawn_by_anybody(change: str, bank: Any) -> None:
    for account_id in (bank.customer(5), bank.merchant()):
        with pytest.raises(errors.CheckViolation):
            bank.said(f"UPDATE accounts {change} WHERE id = %s", account_id)


@pytest.mark.parametrize("strategy", ["select_for_update", "optimistic"])
def test_the_database_refuses_an_overdraft_that_the_code_let_pass(
    strategy: str, open_bank: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivet_wallet.books.Account.may_spend", lambda *_: True)
    with open_bank(strategy, attempts_max=2) as bank:
        a, b, m = bank.customer(5), bank.customer(), bank.merchant()
        for command in (
            Transfer("s", bank.name("k"), a, b, 6),
            MakeCharge("s", bank.name("k"), a, m, 6),
            MakeCharge("s", bank.name("k"), a, m, 6, capture=False),
            Transfer("s", bank.name("k"), m, b, 1),
        ):
            with pytest.raises(psycopg.errors.CheckViolation, match="accounts_not_overdrawn"):
                bank.settle(command)
        assert (bank.balance(a), bank.balance(b), bank.balance(m)) == ((5, 0), (0, 0), (0, 0))


def test_a_charge_gives_back_no_more_than_it_took(bank: Any) -> None:
    key = bank.name("k")
    bank.do(MakeCharge("s", key, bank.customer(5), bank.merchant(), 5))
    for change in (
        "SET refunded_minor = 6",
        "SET captured_minor = 6",
        "SET state = 'voided'",
        "SET captured_minor = 0",
    ):
        with pytest.raises(errors.CheckViolation):
            bank.said(f"UPDATE charges {change} WHERE key = %s", key)


def write_when_both_have_read(bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first two transactions write their accounts no sooner than both have read them."""
    barrier, calls, write = threading.Barrier(2), itertools.count(), bank.wallet.strategy.write_accounts

    def wait_and_write(*arguments: Any) -> Any:
        if next(calls) < 2:
            barrier.wait(30)
        return write(*arguments)

    monkeypatch.setattr(bank.wallet.strategy, "write_accounts", wait_and_write, raising=False)


# Guards taken away one after the other: the comparison of versions, and the lock of the read.
UNCOMPARED = "AND accounts.version = change.read_version"
UNLOCKED = 'FOR NO KEY UPDATE OF "accounts"'


@pytest.mark.parametrize("strategy", ["select_for_update", "optimistic"])
def test_of_two_who_read_one_row_the_second_cannot_commit(
    strategy: str, open_bank: Any, together: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock, or the comparison, is lost: the version of the postings refuses the lost update, and it is redone."""
    from trivet_wallet.strategies import optimistic, select_for_update  # noqa: PLC0415  - what it patches, beside it

    with open_bank(strategy, attempts_max=50) as bank:
        a, b = bank.customer(10), bank.customer()
        if strategy == "optimistic":
            assert UNCOMPARED in optimistic._ADD
            monkeypatch.setattr(optimistic, "_ADD", optimistic._ADD.replace(UNCOMPARED, ""))
        else:
            unlocked = select_for_update._accounts().replace(UNLOCKED, "")
            assert unlocked != select_for_update._accounts()
            monkeypatch.setattr(select_for_update, "_accounts", lambda: unlocked)
        write_when_both_have_read(bank, monkeypatch)
        answers = together([lambda: bank.settle(Transfer("s", bank.name("k"), a, b, 3)) for _ in range(2)])
        assert [answer.status for answer in answers] == [201, 201]
        assert (bank.balance(a), bank.balance(b)) == ((4, 0), (6, 0))
        assert bank.retries("duplicate") == 1
        write_when_both_have_read(bank, monkeypatch)
        answers = together([lambda: bank.settle(Transfer("s", bank.name("k"), a, b, 4)) for _ in range(2)])
        assert sorted(answer.status for answer in answers) == [201, 402]
        assert (bank.balance(a), bank.balance(b)) == ((0, 0), (10, 0))
        assert bank.retries("guard") == 1


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Settings]:
    name = f"empty_{uuid.uuid4().hex[:12]}"
    yield Settings(database_url=postgres.create_database(name), lab="tests")
    postgres.drop_database(name)


def confirm(settings: Settings) -> None:
    bootstrap.build(settings).confirm()


def test_a_database_without_books_is_refused(empty: Settings) -> None:
    with pytest.raises(WrongDatabase, match="run trivet-wallet migrate"):
        confirm(empty)


def test_a_guarded_strategy_refuses_a_naive_database_and_the_other_way_round(settings_for: Any) -> None:
    naive, guarded = settings_for("naive"), settings_for("optimistic")
    with pytest.raises(WrongDatabase, match=r"0 of the guards .* wants 4"):
        confirm(replace(guarded, database_url=naive.database_url))
    with pytest.raises(WrongDatabase, match=r"4 of the guards .* wants 0"):
        confirm(replace(naive, database_url=guarded.database_url))
    confirm(naive)
    confirm(guarded)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_database_that_lost_a_guard_is_refused_by_every_strategy(guard: str, empty: Settings) -> None:
    bootstrap.migrate(empty)
    with psycopg.connect(empty.database_url) as connection:
        table = connection.execute(
            "SELECT conrelid::regclass FROM pg_constraint WHERE conname = %s", [guard]
        ).fetchone()
        connection.execute(f"ALTER TABLE {table[0]} DROP CONSTRAINT {guard}" if table else f"DROP INDEX {guard}")
    for strategy in ("select_for_update", "naive"):
        with pytest.raises(WrongDatabase, match="3 of the guards"):
            confirm(replace(empty, strategy=strategy))


def test_the_models_are_what_the_migrations_make(bank: Any) -> None:
    del bank
    told = io.StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=told)
    assert "No changes detected" in told.getvalue()


def test_a_second_migration_finds_it_done(empty: Settings) -> None:
    bootstrap.migrate(empty)
    bootstrap.migrate(empty)
    confirm(empty)


def test_replicas_that_migrate_at_once_do_it_one_after_the_other(empty: Settings, until: Any) -> None:
    code = "from trivet_wallet.entrypoints.cli import main; main()"
    environment = {"TRIVET_WALLET_DATABASE_URL": empty.database_url}
    waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    waiting += " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"

    def migrate_alone(_: int) -> str:
        argv = [sys.executable, "-c", code, "migrate"]
        return subprocess.run(argv, env=environment, check=False, capture_output=True, text=True).stderr

    def wait() -> bool:
        with psycopg.connect(empty.database_url) as looking:  # a transaction sees one state of the sessions
            return looking.execute(waiting).fetchone() == (2,)

    with ThreadPoolExecutor(2) as pool, psycopg.connect(empty.database_url) as first:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [advisory_key("wallet.migrate", "head")])
        told = [pool.submit(migrate_alone, number) for number in range(2)]
        until(wait)
        assert first.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
        first.rollback()
        assert [future.result() for future in told] == ["", ""]
    confirm(empty)
