"""One key is one operation: done once, answered alike, whatever happens in between."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from trivet_chassis import KeyReused, RequestInFlight
from trivet_locks import advisory_key
from trivet_wallet.ledger.kinds import AccountKind
from trivet_wallet.services.accounts import OpenAccount
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void
from trivet_wallet.teller import Call

STRATEGIES = ("select_for_update", "optimistic", "naive")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_movement_is_replayed_to_the_last_byte(strategy: str, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        a, b = bank.customer(100), bank.customer()
        command = Transfer("s", bank.name("k"), a, b, 60)
        first, again = bank.settle(command), bank.settle(command)
        assert (first.status, first.replayed, again.status, again.replayed) == (201, False, 201, True)
        assert again.body == first.body
        assert (bank.balance(a), bank.balance(b)) == ((40, 0), (60, 0))


def test_a_decline_is_stored_and_a_new_key_is_a_new_try(open_bank: Any) -> None:
    with open_bank("select_for_update") as bank:
        a, b = bank.customer(10), bank.customer()
        command = Transfer("s", bank.name("k"), a, b, 60)
        declined = bank.settle(command)
        bank.do(Deposit("s", bank.name("k"), a, 100))
        again = bank.settle(command)
        assert (declined.status, again.status, again.replayed, again.body) == (402, 402, True, declined.body)
        assert bank.settle(Transfer("s", bank.name("k"), a, b, 60)).status == 201


def test_another_payload_under_the_key_is_refused_and_changes_nothing(open_bank: Any) -> None:
    with open_bank("optimistic") as bank:
        a, b = bank.customer(100), bank.customer()
        key = bank.name("k")
        bank.do(Transfer("s", key, a, b, 60))
        with pytest.raises(KeyReused):
            bank.settle(Transfer("s", key, a, b, 6))
        assert bank.balance(a) == (40, 0)


def test_keys_of_two_subjects_and_of_two_operations_do_not_meet(open_bank: Any) -> None:
    with open_bank("select_for_update") as bank:
        a, m, key = bank.customer(100), bank.merchant(), bank.name("k")
        commands = [
            Deposit("anna", key, a, 1),
            Deposit("ben", key, a, 2),
            MakeCharge("anna", key, a, m, 10),
            MakeCharge("ben", key, a, m, 20),
            OpenAccount("anna", key, bank.name("c"), "anna", AccountKind.CUSTOMER, "EUR"),
        ]
        assert [bank.settle(command).replayed for command in commands] == [False] * 5
        assert bank.balance(a) == (73, 0)
        assert bank.settle(Void("ben", bank.name("v"), key)).status == 409  # his own charge, which took its money


def locked(bank: Any, *name: str) -> psycopg.Connection[Any]:
    """Hold a key as a request that is under way does, until the connection is closed."""
    connection = psycopg.connect(bank.wallet.settings.database_url)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [advisory_key("wallet.idempotency", *name)])
    return connection


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_key_in_flight_is_refused_until_its_transaction_ends(strategy: str, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        a, key = bank.customer(), bank.name("k")
        command = Deposit("s", key, a, 5)
        with locked(bank, "s", "deposit", key), pytest.raises(RequestInFlight) as refused:
            bank.settle(command)
        assert refused.value.definite is False
        assert bank.settle(command).status == 201
        assert bank.balance(a) == (5, 0)


def test_a_void_waits_for_no_charge_that_is_being_made(open_bank: Any) -> None:
    with open_bank("select_for_update") as bank:
        key = bank.name("k")
        with locked(bank, "s", "charge", key), pytest.raises(RequestInFlight):
            bank.settle(Void("s", bank.name("v"), key))
        assert bank.said("SELECT 1 FROM charges WHERE key = %s", key) == []


def test_of_many_requests_with_one_key_one_is_executed(open_bank: Any, together: Any) -> None:
    with open_bank("select_for_update") as bank:
        a, key = bank.customer(), bank.name("k")
        outcomes = together([lambda: bank.settle(Deposit("s", key, a, 5)) for _ in range(10)])
        refused = [each for each in outcomes if isinstance(each, Exception)]
        assert {type(each) for each in refused} <= {RequestInFlight}
        assert len({answer.body for answer in outcomes if answer not in refused}) == 1
        assert bank.balance(a) == (5, 0)


@pytest.mark.parametrize("strategy", ["select_for_update", "optimistic"])
def test_the_unique_key_refuses_what_got_past_the_lock(
    strategy: str, open_bank: Any, together: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended = "SELECT ordinal, true FROM unnest(%(locks)s::bigint[]) WITH ORDINALITY AS asked (lock, ordinal)"
    monkeypatch.setattr("trivet_wallet.keys._CLAIM", pretended)
    with open_bank(strategy, attempts_max=100) as bank:
        a, key = bank.customer(), bank.name("k")
        outcomes = together([lambda: bank.settle(Deposit("s", key, a, 5)) for _ in range(8)])
        assert sorted(answer.replayed for answer in outcomes) == [False] + [True] * 7
        assert bank.balance(a) == (5, 0)


def test_requests_without_a_key_are_strangers_to_each_other_and_to_every_key(open_bank: Any) -> None:
    with open_bank("select_for_update") as bank:
        called_none = OpenAccount("s", "None", bank.name("c"), "anna", AccountKind.CUSTOMER, "EUR")
        bank.do(called_none)
        ids = [bank.name("c") for _ in range(3)]
        calls = [Call(OpenAccount("s", None, each, "anna", AccountKind.CUSTOMER, "EUR")) for each in ids]
        answers = bank.wallet.teller.settle_all([*calls, Call(called_none)])
        assert [(answer.status, answer.replayed) for answer in answers] == [(201, False)] * 3 + [(201, True)]
        assert set(ids) <= set(bank.accounts())
