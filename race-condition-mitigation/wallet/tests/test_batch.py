"""Many in one transaction: a poisoned entry fails alone, strangers need not wait for it, queues are bounded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from trivet_chassis import Internal, QueueIsFull, RequestInFlight, Unavailable
from trivet_wallet.combiner import Combiner
from trivet_wallet.errors import LockIsBusy, NoSuchCharge
from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void
from trivet_wallet.teller import Call

Soon = Callable[[Callable[[], object]], object]
GUARDED = ("select_for_update", "optimistic")
FULL = 2**63 - 1


def overflow(bank: Any, account_id: str) -> None:
    """Fill a row to the brim: whatever is added to it, no bigint holds."""
    bank.said("UPDATE accounts SET row_minor = %s, version = version + 1 WHERE id = %s", FULL, account_id)


def settled(bank: Any, *commands: Any) -> list[Any]:
    return list(bank.wallet.teller.settle_all([Call(command) for command in commands]))


@pytest.mark.parametrize("strategy", GUARDED)
@pytest.mark.parametrize("poisoned", [0, 3, 6])
def test_a_poisoned_entry_fails_alone(strategy: str, poisoned: int, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        payer, payees = bank.customer(100), [bank.customer() for _ in range(7)]
        overflow(bank, payees[poisoned])
        commands = [Transfer("s", bank.name("k"), payer, each, 10) for each in payees]
        outcomes = settled(bank, *commands)
        assert [type(outcome).__name__ for outcome in outcomes].count("Internal") == 1
        assert isinstance(outcomes[poisoned], Internal)
        assert [outcome.status for outcome in outcomes if not isinstance(outcome, Internal)] == [201] * 6
        assert bank.balance(payer) == (40, 0)
        assert [bank.balance(each)[0] for number, each in enumerate(payees) if number != poisoned] == [10] * 6
        # Its key is as if it had never come; the others' are told again.
        again = settled(bank, *commands)
        assert [outcome.replayed for number, outcome in enumerate(again) if number != poisoned] == [True] * 6
        assert isinstance(again[poisoned], Internal)
        assert bank.balance(payer) == (40, 0)


@pytest.mark.parametrize("strategy", [*GUARDED, "naive"])
def test_a_batch_is_decided_in_its_order_and_is_one_transaction(strategy: str, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        customer, merchant = bank.customer(100), bank.merchant()
        one, two, three = (bank.name("charge") for _ in range(3))
        outcomes = settled(
            bank,
            MakeCharge("s", one, customer, merchant, 60),
            Refund("s", bank.name("r"), one, 60),
            MakeCharge("s", two, customer, merchant, 100, capture=False),
            MakeCharge("s", three, customer, merchant, 1),
            Void("s", bank.name("v"), two),
            Void("s", bank.name("v"), "late-" + two),
            MakeCharge("s", "late-" + two, customer, merchant, 1),
            Refund("s", bank.name("r"), bank.name("nothing"), 1),
            Deposit("s", bank.name("d"), merchant, 3),
        )
        assert isinstance(outcomes.pop(7), NoSuchCharge)
        assert [outcome.status for outcome in outcomes] == [201, 201, 201, 402, 200, 200, 409, 201]
        assert (bank.balance(customer), bank.balance(merchant)) == ((100, 0), (3, 0))
        written = bank.said("SELECT count(DISTINCT written_by) FROM postings WHERE account_id = %s", merchant)
        assert written == [(1,)]


@pytest.mark.parametrize("strategy", GUARDED)
def test_a_refund_further_down_spends_what_a_hot_merchant_was_just_paid(strategy: str, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        customer, merchant = bank.customer(100), bank.merchant()
        old = bank.name("charge")
        bank.do(MakeCharge("s", old, customer, merchant, 30))  # still pending when the batch comes
        new = bank.name("charge")
        outcomes = settled(
            bank,
            Refund("s", bank.name("r"), old, 30),
            MakeCharge("s", new, customer, merchant, 50, capture=False),
            Capture("s", bank.name("c"), new, 20),
            Refund("s", bank.name("r"), new, 20),
        )
        assert [outcome.status for outcome in outcomes] == [201, 201, 200, 201]
        assert (bank.balance(customer), bank.balance(merchant)) == ((100, 0), (0, 0))
        assert sum(line["amount_minor"] for line in bank.statement(merchant)) == 0


def test_a_replay_in_a_batch_is_told_and_not_done(open_bank: Any) -> None:
    with open_bank("select_for_update") as bank:
        a, b = bank.customer(100), bank.customer()
        first = Transfer("s", bank.name("k"), a, b, 10)
        stored = bank.settle(first)
        told = settled(bank, first, Transfer("s", bank.name("k"), a, b, 5))
        assert [(answer.status, answer.replayed) for answer in told] == [(201, True), (201, False)]
        assert told[0].body == stored.body
        assert bank.balance(a) == (85, 0)


def at_once(function: Callable[[], object]) -> None:
    function()


@contextmanager
def combiner_of(bank: Any, soon: Soon = at_once, **changes: int) -> Iterator[Combiner]:
    combiner = Combiner(
        bank.wallet.teller,
        soon,
        **({"lanes": 1, "patience_ms": 0, "batch_max": 64, "queue_max": 100, "wait_ms": 20_000} | changes),
    )
    try:
        yield combiner
    finally:
        combiner.close()


class Gate:
    """Keeps a lane in its transaction until it is opened, and counts the transactions it let pass."""

    def __init__(self, bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_in, self.may_go = threading.Event(), threading.Event()
        self.sizes: list[int] = []
        self.entered = 0
        settle = bank.wallet.teller._settle

        def gated(session: Any, calls: Any, decide: Any) -> Any:
            self.entered += 1
            self.is_in.set()
            assert self.may_go.wait(30)
            self.sizes.append(len(calls))
            return settle(session, calls, decide)

        monkeypatch.setattr(bank.wallet.teller, "_settle", gated)


def test_what_waits_while_a_transaction_is_under_way_shares_the_next(
    open_bank: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bank("select_for_update") as bank:
        payer, payees = bank.customer(100), [bank.customer() for _ in range(9)]
        gate = Gate(bank, monkeypatch)
        with combiner_of(bank, batch_max=5) as combiner:
            futures = [combiner.submit(Transfer("s", bank.name("k"), payer, payees[0], 10))]
            gate.is_in.wait(30)
            futures += [combiner.submit(Transfer("s", bank.name("k"), payer, each, 10)) for each in payees[1:]]
            gate.may_go.set()
            assert [future.result(30).status for future in futures] == [201] * 9
        assert gate.sizes == [1, 5, 3]
        assert bank.balance(payer) == (10, 0)


def test_what_came_in_one_round_is_settled_together(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("select_for_update") as bank:
        a = bank.customer()
        gate = Gate(bank, monkeypatch)
        gate.may_go.set()
        ends: list[Callable[[], object]] = []
        with combiner_of(bank, ends.append, lanes=2) as combiner:
            futures = [combiner.submit(Deposit("s", bank.name("k"), a, 1)) for _ in range(5)]
            [end] = ends
            assert not gate.is_in.is_set()
            end()
            assert [future.result(30).status for future in futures] == [201] * 5
            combiner.submit(Deposit("s", bank.name("k"), a, 1))
            assert len(ends) == 2
            ends[1]()
        assert gate.sizes == [5, 1]


def test_another_lane_begins_when_those_at_work_outlast_the_patience(open_bank: Any, until: Any) -> None:
    """A row that somebody holds keeps its own batch waiting, and no other."""
    waiting = "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)"
    waiting += " WHERE NOT granted AND datname = current_database()"
    with open_bank("select_for_update", lock_wait_ms=20_000, statement_timeout_ms=30_000) as bank:
        held, free, to = bank.customer(10), bank.customer(10), bank.customer()
        with combiner_of(bank, lanes=2, patience_ms=1) as combiner:
            with psycopg.connect(bank.wallet.settings.database_url) as other:
                other.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [held])
                waits = combiner.submit(Deposit("s", bank.name("k"), held, 1))
                until(lambda: bank.said(waiting))
                assert combiner.submit(Transfer("s", bank.name("k"), free, to, 1)).result(30).status == 201
                assert not waits.done()
            assert waits.result(30).status == 201


def test_what_waits_is_left_to_the_lane_at_work_until_it_fills_a_batch(
    open_bank: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bank("select_for_update") as bank:
        a = bank.customer()
        gate = Gate(bank, monkeypatch)
        with combiner_of(bank, lanes=2, patience_ms=60_000, batch_max=3) as combiner:
            futures = [combiner.submit(Deposit("s", bank.name("k"), a, 1))]
            until(lambda: gate.entered == 1)
            futures.append(combiner.submit(Deposit("s", bank.name("k"), a, 1)))
            until(lambda: combiner._is_watched)
            futures.append(combiner.submit(Deposit("s", bank.name("k"), a, 1)))
            assert gate.entered == 1
            futures.append(combiner.submit(Deposit("s", bank.name("k"), a, 1)))
            until(lambda: gate.entered == 2)
            gate.may_go.set()
            assert [future.result(30).status for future in futures] == [201] * 4
        assert sorted(gate.sizes) == [1, 3]


def test_strangers_are_settled_in_halves_when_one_of_them_is_poisoned(
    open_bank: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bank("optimistic") as bank:
        payer, payees = bank.customer(100), [bank.customer() for _ in range(4)]
        overflow(bank, payees[2])
        gate = Gate(bank, monkeypatch)
        gate.may_go.set()
        calls = [Call(Transfer("s", bank.name("k"), payer, each, 10)) for each in payees]
        outcomes = bank.settle_each(calls)
        assert [getattr(outcome, "status", type(outcome)) for outcome in outcomes] == [
            201, 201, psycopg.errors.NumericValueOutOfRange, 201
        ]  # fmt: skip
        assert gate.sizes == [4, 2, 2, 1, 1]
        assert bank.balance(payer) == (70, 0)


def test_strangers_wait_once_for_a_row_that_is_held_and_are_all_told_that_nothing_happened(open_bank: Any) -> None:
    with open_bank("select_for_update", lock_wait_ms=20) as bank:
        held, free, to = bank.customer(10), bank.customer(10), bank.customer()
        calls = [Call(Transfer("s", bank.name("k"), each, to, 1)) for each in (free, held)]
        with psycopg.connect(bank.wallet.settings.database_url) as other:
            other.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [held])
            outcomes = bank.settle_each(calls)
        assert [type(outcome) for outcome in outcomes] == [LockIsBusy] * 2
        assert [outcome.definite for outcome in outcomes] == [True] * 2
        assert [bank.balance(each) for each in (free, held, to)] == [(10, 0), (10, 0), (0, 0)]


def test_a_key_that_is_in_the_batch_already_is_in_flight(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("select_for_update") as bank:
        a = bank.customer()
        command = Deposit("s", bank.name("k"), a, 5)
        gate = Gate(bank, monkeypatch)
        with combiner_of(bank) as combiner:
            first = combiner.submit(Deposit("s", bank.name("k"), a, 1))
            gate.is_in.wait(30)
            twice = [combiner.submit(command) for _ in range(2)]
            gate.may_go.set()
            assert (first.result(30).status, twice[0].result(30).status) == (201, 201)
            with pytest.raises(RequestInFlight):
                twice[1].result(30)
        assert bank.balance(a) == (6, 0)


def test_a_full_queue_refuses_and_a_wait_that_is_too_long_is_definite(
    open_bank: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bank("select_for_update") as bank:
        a = bank.customer()
        gate = Gate(bank, monkeypatch)
        now_s = [0.0]
        monkeypatch.setattr("trivet_wallet.combiner.time", SimpleNamespace(monotonic=lambda: now_s[0]))
        with combiner_of(bank, queue_max=2, wait_ms=1000) as combiner:
            combiner.submit(Deposit("s", bank.name("k"), a, 1))
            gate.is_in.wait(30)
            late = [combiner.submit(Deposit("s", bank.name("k"), a, 1)) for _ in range(2)]
            with pytest.raises(QueueIsFull):
                combiner.submit(Deposit("s", bank.name("k"), a, 1))
            now_s[0] = 1.001
            gate.may_go.set()
            for future in late:
                with pytest.raises(Unavailable, match="not begun within 1000 ms") as refused:
                    future.result(30)
                assert refused.value.definite


def test_a_caller_who_went_away_takes_nobody_with_him(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("select_for_update") as bank:
        a = bank.customer()
        gate = Gate(bank, monkeypatch)
        with combiner_of(bank) as combiner:
            combiner.submit(Deposit("s", bank.name("k"), a, 1))
            gate.is_in.wait(30)
            gone, stays = [combiner.submit(Deposit("s", bank.name("k"), a, amount)) for amount in (10, 100)]
            assert gone.cancel()
            gate.may_go.set()
            assert stays.result(30).status == 201
        assert bank.balance(a) == (101, 0)


def test_a_lane_outlives_what_breaks_in_it(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("select_for_update") as bank:
        a = bank.customer()
        settle_each = bank.wallet.teller.settle_each
        broken = iter([True])

        def breaking(calls: Any) -> Any:
            if next(broken, False):
                raise MemoryError
            return settle_each(calls)

        monkeypatch.setattr(bank.wallet.teller, "settle_each", breaking)
        with combiner_of(bank) as combiner:
            with pytest.raises(MemoryError):
                combiner.submit(Deposit("s", bank.name("k"), a, 1)).result(30)
            assert combiner.submit(Deposit("s", bank.name("k"), a, 1)).result(30).status == 201
