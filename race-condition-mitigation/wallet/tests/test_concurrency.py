"""Many at the same money at once, on real PostgreSQL: nothing is lost, nothing is spent twice, nobody waits for ever.

Moments are brought about by locks and barriers, never by waiting for a while.
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
import pytest

from trivet_chassis import RequestInFlight
from trivet_wallet.errors import LockIsBusy, NoSuchCharge
from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void

GUARDED = ("select_for_update", "optimistic")
PATIENT = {"attempts_max": 100, "lock_wait_ms": 20_000, "statement_timeout_ms": 30_000}


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[list[Any]]:
    """Do some work in a thread again and again while the block runs, and once after it; yield the list of results."""
    done, results, failures = threading.Event(), [], []

    def run() -> None:
        is_last = False
        try:
            while not is_last:
                is_last = done.is_set()
                results.append(work())
        except Exception as error:  # noqa: BLE001  - raised where the test sees it
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield results
    finally:
        done.set()
        thread.join()
    assert failures == []


@pytest.mark.parametrize("strategy", GUARDED)
def test_transfers_in_cycles_end_with_exact_sums(strategy: str, open_bank: Any, together: Any) -> None:
    with open_bank(strategy, **PATIENT) as bank:
        names = [bank.customer(1000) for _ in range(3)]
        ways = [(names[0], names[1]), (names[1], names[2]), (names[2], names[0])]
        ways += [(payee, payer) for payer, payee in ways]

        def transfer(number: int, payer: str, payee: str) -> int:
            amount = 1 + number
            return amount * sum(
                bank.settle(Transfer("s", bank.name("k"), payer, payee, amount)).status == 201 for _ in range(8)
            )

        moved = together([partial(transfer, number, *way) for number, way in enumerate(ways)])
        flows = dict(zip(ways, moved, strict=True))
        for name in names:
            received = sum(amount for (_, payee), amount in flows.items() if payee == name)
            sent = sum(amount for (payer, _), amount in flows.items() if payer == name)
            assert bank.balance(name) == (1000 + received - sent, 0)
        assert bank.total() == 0
        assert bank.retries("deadlock") == 0


@pytest.mark.parametrize("strategy", GUARDED)
def test_two_spend_one_balance_once(strategy: str, open_bank: Any, together: Any) -> None:
    with open_bank(strategy, **PATIENT) as bank:
        payer, payees = bank.customer(100), [bank.customer() for _ in range(6)]
        answers = together([partial(bank.settle, Transfer("s", bank.name("k"), payer, each, 40)) for each in payees])
        assert sorted(answer.status for answer in answers) == [201, 201] + [402] * 4
        assert bank.balance(payer) == (20, 0)


def test_who_reads_second_waits_for_the_first_and_reads_what_it_left(
    open_bank: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the lock at the read nothing is decided twice: nobody has to begin again."""
    waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    waiting += " WHERE NOT granted AND datname = current_database()"
    with open_bank("select_for_update", **PATIENT) as bank:
        payer, payee = bank.customer(100), bank.customer()
        reads, has_read, may_write = [], threading.Event(), threading.Event()
        write = bank.wallet.strategy.write_accounts

        def write_when_told(*arguments: Any) -> Any:
            reads.append(arguments[1][0].read)
            has_read.set()
            may_write.wait(30)
            return write(*arguments)

        monkeypatch.setattr(bank.wallet.strategy, "write_accounts", write_when_told, raising=False)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(bank.settle, Transfer("s", bank.name("k"), payer, payee, 40))
            has_read.wait(30)
            second = pool.submit(bank.settle, Transfer("s", bank.name("k"), payer, payee, 40))
            until(lambda: bank.said(waiting) == [(1,)] or len(reads) == 2)
            assert len(reads) == 1
            may_write.set()
            assert [each.result(30).status for each in (first, second)] == [201, 201]
        assert bank.balance(payer) == (20, 0)
        assert bank.retries("duplicate") == 0


def test_naive_spends_it_twice(open_bank: Any) -> None:
    with open_bank("naive") as bank:
        payer, payees = bank.customer(100), [bank.customer() for _ in range(2)]
        both_have_read = threading.Barrier(2)
        strategy = bank.wallet.strategy
        write = strategy.write_accounts

        def write_after_both_read(*arguments: Any) -> Any:
            both_have_read.wait(30)
            return write(*arguments)

        strategy.write_accounts = write_after_both_read
        threads = [
            threading.Thread(target=bank.settle, args=[Transfer("s", bank.name("k"), payer, each, 100)])
            for each in payees
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [bank.balance(each) for each in (payer, *payees)] == [(0, 0), (100, 0), (100, 0)]
        assert bank.total() == 100


@pytest.mark.parametrize("strategy", GUARDED)
def test_refunds_at_once_never_exceed_the_capture(strategy: str, open_bank: Any, together: Any) -> None:
    with open_bank(strategy, **PATIENT) as bank:
        customer, merchant, key = bank.customer(100), bank.merchant(1000), bank.name("k")
        bank.do(MakeCharge("s", key, customer, merchant, 100))
        answers = together([partial(bank.settle, Refund("s", bank.name("r"), key, 30)) for _ in range(6)])
        assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 3
        assert bank.balance(customer) == (90, 0)
        assert bank.wallet.selectors.charge("s", key)["refunded_minor"] == 90


@pytest.mark.parametrize("strategy", GUARDED)
def test_a_void_and_its_charge_agree_on_who_was_first(strategy: str, open_bank: Any, together: Any) -> None:
    with open_bank(strategy, **PATIENT) as bank:
        merchant = bank.merchant()
        for round_ in range(6):
            customer, key = bank.customer(10), bank.name("k")
            charging = MakeCharge("s", key, customer, merchant, 10, capture=bool(round_ % 2))
            voiding = Void("s", bank.name("v"), key)
            outcomes = together([partial(bank.settle, charging), partial(bank.settle, voiding)])
            # Both may be told that the other is in flight; asked again, each gets its answer.
            charged, voided = (
                bank.settle(command).status if isinstance(outcome, RequestInFlight) else outcome.status
                for outcome, command in zip(outcomes, (charging, voiding), strict=True)
            )
            state = bank.wallet.selectors.charge("s", key)["state"]
            # One of the two came first, and both callers know which.
            assert (charged, voided, state) in {(409, 200, "voided"), (201, 200, "voided"), (201, 409, "captured")}
            assert bank.balance(customer) == ((0, 0) if state == "captured" else (10, 0))


@pytest.mark.parametrize("strategy", GUARDED)
def test_a_void_racing_a_capture_leaves_one_of_them(strategy: str, open_bank: Any, together: Any) -> None:
    with open_bank(strategy, **PATIENT) as bank:
        merchant = bank.merchant()
        for _ in range(6):
            customer, key = bank.customer(10), bank.name("k")
            bank.do(MakeCharge("s", key, customer, merchant, 10, capture=False))
            commands = [Capture("s", bank.name("c"), key), Void("s", bank.name("v"), key)]
            statuses = [answer.status for answer in together([partial(bank.settle, each) for each in commands])]
            assert sorted(statuses) == [200, 409]
            assert bank.balance(customer) == ((0, 0) if statuses[0] == 200 else (10, 0))


@pytest.mark.parametrize("strategy", GUARDED)
def test_every_reader_sees_one_moment_whatever_is_folded(strategy: str, open_bank: Any, together: Any) -> None:
    with open_bank(strategy, **PATIENT) as bank:
        merchant = bank.merchant()
        customers = [bank.customer(100) for _ in range(3)]
        keys = [[bank.name("k") for _ in range(12)] for _ in customers]

        def pay(customer: str, mine: list[str]) -> None:
            for key in mine:
                bank.do(MakeCharge("s", key, customer, merchant, 3))

        def give_back() -> None:
            for key in itertools.chain(*keys):
                with suppress(NoSuchCharge):  # it may not be there yet
                    bank.settle(Refund("s", bank.name("r"), key, 1))

        with meanwhile(bank.total) as totals, meanwhile(bank.wallet.folder.fold_all) as folded:
            paying = [partial(pay, *one) for one in zip(customers, keys, strict=True)]
            assert together([*paying, give_back])[:3] == [None] * 3
        assert set(totals) == {0}
        assert sum(folded) > 0
        paid = sum(100 - bank.balance(customer)[0] for customer in customers)
        assert bank.balance(merchant) == (paid, 0)
        assert bank.said("SELECT count(*) FROM pending WHERE account_id = %s", merchant) == [(0,)]


def test_a_statement_read_while_it_grows_has_every_line_once(open_bank: Any, together: Any) -> None:
    with open_bank("select_for_update", **PATIENT) as bank:
        merchant = bank.merchant()
        customers = [bank.customer(100) for _ in range(4)]
        read: list[Any] = []
        cursor: list[str | None] = [None]

        def read_on() -> None:
            """Read full pages; the last one, which still grows, is read again next time."""
            while (page := bank.wallet.selectors.statement(merchant, cursor[0], 3))["next"] is not None:
                read.extend(page["lines"])
                cursor[0] = page["next"]

        def pay(customer: str) -> None:
            for _ in range(15):
                bank.do(MakeCharge("s", bank.name("k"), customer, merchant, 1))

        with meanwhile(read_on):
            together([partial(pay, customer) for customer in customers])
        read += bank.wallet.selectors.statement(merchant, cursor[0], 500)["lines"]
        assert read == bank.statement(merchant)
        assert len({line["transaction_id"] for line in read}) == len(read) == 60
        assert sum(line["amount_minor"] for line in read) == bank.balance(merchant)[0]


def test_a_line_is_not_shown_while_an_earlier_one_may_still_come(open_bank: Any) -> None:
    """A writer with a smaller transaction id that is still under way would otherwise be skipped for good."""
    with open_bank("select_for_update") as bank:
        merchant = bank.merchant()
        with psycopg.connect(bank.wallet.settings.database_url) as slow:
            slow.execute("SELECT pg_current_xact_id()")
            bank.do(Deposit("s", bank.name("k"), merchant, 7))
            assert bank.statement(merchant) == []
            assert bank.balance(merchant) == (7, 0)
        assert [line["amount_minor"] for line in bank.statement(merchant)] == [7]


def test_a_row_that_stays_locked_is_busy_and_definite(open_bank: Any) -> None:
    with open_bank("select_for_update", lock_wait_ms=20) as bank:
        a, b = bank.customer(10), bank.customer()
        command = Transfer("s", bank.name("k"), a, b, 1)
        with psycopg.connect(bank.wallet.settings.database_url) as other:
            other.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [b])
            with pytest.raises(LockIsBusy) as refused:
                bank.settle(command)
        assert (refused.value.definite, refused.value.kind.status) == (True, 429)
        assert bank.settle(command).replayed is False


def test_a_hot_account_whose_row_is_locked_is_paid_all_the_same(open_bank: Any) -> None:
    with open_bank("select_for_update", lock_wait_ms=20) as bank:
        customer, merchant = bank.customer(10), bank.merchant()
        with psycopg.connect(bank.wallet.settings.database_url) as other:
            other.execute("SELECT 1 FROM accounts WHERE id = ANY (%s) FOR NO KEY UPDATE", [[merchant, "external-eur"]])
            bank.do(MakeCharge("s", bank.name("k"), customer, merchant, 10))
            bank.do(Deposit("s", bank.name("k"), customer, 5))
        assert (bank.balance(merchant), bank.balance(customer)) == ((10, 0), (5, 0))


def test_who_decided_on_what_is_no_longer_so_begins_again(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("optimistic", attempts_max=3) as bank:
        a, b = bank.customer(10), bank.customer()
        write = bank.wallet.strategy.write_accounts
        held: list[int] = []

        def interrupted(*arguments: Any) -> Any:
            if held:
                bank.said(
                    "UPDATE accounts SET version = version + 1, held_minor = held_minor + %s WHERE id = %s",
                    held.pop(),
                    a,
                )
            return write(*arguments)

        monkeypatch.setattr(bank.wallet.strategy, "write_accounts", interrupted, raising=False)
        held += [4, 4]
        answer = bank.settle(Transfer("s", bank.name("k"), a, b, 5))  # 4 of 10 are held when it has read, then 8
        assert (answer.status, json.loads(answer.body)["account_id"]) == (402, a)
        assert bank.retries("version") == 2
        held += [0, 0, 0]
        command = Transfer("s", bank.name("k"), a, b, 1)
        with pytest.raises(LockIsBusy, match="3 times in a row") as refused:
            bank.settle(command)
        assert refused.value.definite
        assert bank.retries("version") == 5
        assert bank.settle(command).replayed is False
        assert bank.balance(b) == (1, 0)


def test_a_race_that_is_lost_every_time_is_busy_and_no_defect(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was faster moved money, so beside the version that changed there is a posting to collide with."""
    with open_bank("optimistic", attempts_max=3) as bank:
        a, b = bank.customer(10), bank.customer()
        write = bank.wallet.strategy.write_accounts

        def overtaken(*arguments: Any) -> Any:
            with psycopg.connect(bank.wallet.settings.database_url) as other:
                hold_next_version(other, bank, a)
                other.execute("UPDATE accounts SET version = version + 1 WHERE id = %s", [a])
            return write(*arguments)

        monkeypatch.setattr(bank.wallet.strategy, "write_accounts", overtaken, raising=False)
        with pytest.raises(LockIsBusy) as refused:
            bank.settle(Transfer("s", bank.name("k"), a, b, 1))
        assert refused.value.definite
        assert bank.retries("version") == 3


def test_two_ways_between_two_accounts_wait_in_one_order(open_bank: Any, until: Any) -> None:
    """Both have read when they begin to write; who writes what first must not depend on who pays whom."""
    waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    waiting += " WHERE NOT granted AND datname = current_database()"
    with open_bank("optimistic", **PATIENT) as bank:
        a, b = bank.customer(100), bank.customer(100)
        for _ in range(4):
            commands = [Transfer("s", bank.name("k"), *way, 1) for way in ((a, b), (b, a))]
            with ThreadPoolExecutor(2) as pool, psycopg.connect(bank.wallet.settings.database_url) as operator:
                hold_next_version(operator, bank, a)
                settled = [pool.submit(bank.settle, command) for command in commands]
                until(lambda: bank.said(waiting) == [(2,)])
                operator.rollback()
                assert [future.result(30).status for future in settled] == [201, 201]
        assert bank.retries("deadlock") == 0
        assert bank.retries("version") == 4


def hold_next_version(operator: psycopg.Connection[Any], bank: Any, account_id: str) -> None:
    """Write the posting that an account's next one collides with, and leave it open whether it lasts."""
    one, [(version,)] = uuid.uuid4(), bank.said("SELECT version FROM accounts WHERE id = %s", account_id)
    operator.execute("INSERT INTO transactions (id, kind) VALUES (%s, 'adjustment')", [one])
    operator.execute(
        "INSERT INTO postings (transaction_id, account_id, amount_minor, currency, account_version)"
        " VALUES (%(one)s, %(account)s, 1, 'EUR', %(version)s), (%(one)s, 'external-eur', -1, 'EUR', NULL)",
        {"one": one, "account": account_id, "version": version + 1},
    )


def test_a_deadlock_is_tried_again_whole(open_bank: Any, until: Any) -> None:
    """An operator locks two rows in an order of his own; the server ends the wallet's transaction or his."""
    with open_bank("select_for_update", **PATIENT) as bank:
        a, b = sorted([bank.customer(10), bank.customer(10)])
        with psycopg.connect(bank.wallet.settings.database_url) as operator:
            operator.execute("SET deadlock_timeout = '30s'")  # so the wallet's transaction finds it, and is the victim
            operator.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [b])
            answers: list[Any] = []
            command = Transfer("s", bank.name("k"), a, b, 3)
            thread = threading.Thread(target=lambda: answers.append(bank.settle(command)))
            thread.start()
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            until(lambda: bank.said(waiting))
            operator.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [a])
        thread.join()
        assert [answer.status for answer in answers] == [201]
        assert bank.retries("deadlock") == 1
        assert (bank.balance(a), bank.balance(b)) == ((7, 0), (13, 0))
