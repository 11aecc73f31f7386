"""Strangers in one transaction of optimists: whose rows somebody has changed begins again, and nobody else does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void
from trivet_wallet.teller import Call, Teller

Rivals = Callable[..., None]


class Meeting:
    """Settles strangers, while others change what was read, each just before a page is written."""

    def __init__(self, bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self._bank = bank
        self._rivals: list[Sequence[Any]] = []
        # Rivals come by a teller of their own, in a thread of their own: what is patched is not theirs.
        self._rival = Teller(bank.wallet.transactions, bank.wallet.strategy, bank.wallet.teller._metrics)
        settle = bank.wallet.teller._settle

        def counted(session: Any, calls: Any, decide: Any) -> Any:
            self.sizes.append(len(calls))
            return settle(session, calls, decide)

        def reached(name: str) -> None:
            if name == "wallet.movement.before_write" and threading.current_thread() is threading.main_thread():
                for command in self._rivals.pop(0) if self._rivals else ():
                    rival = threading.Thread(target=lambda command=command: self._rival.settle(command))
                    rival.start()
                    rival.join()

        monkeypatch.setattr(bank.wallet.teller, "_settle", counted)
        monkeypatch.setattr("trivet_wallet.teller.reach", reached)

    def rivals(self, *rivals: Sequence[Any]) -> None:
        """Let these come, the first before the first page is written, and so on."""
        self._rivals[:] = rivals

    def of(self, commands: Sequence[Any], *rivals: Sequence[Any]) -> list[Any]:
        """Settle commands, met by rivals, and return what each was told."""
        self.sizes.clear()
        self.rivals(*rivals)
        outcomes = self._bank.settle_each([Call(command) for command in commands])
        assert self._rivals == []
        return [getattr(outcome, "status", outcome) for outcome in outcomes]


def test_only_those_begin_again_whose_rows_were_changed(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("optimistic") as bank:
        payers, payee = [bank.customer(100) for _ in range(4)], bank.customer()
        commands = [Transfer("s", bank.name("k"), each, bank.customer(), 10) for each in payers]
        meeting = Meeting(bank, monkeypatch)
        rivals = [Transfer("r", bank.name("k"), each, payee, 95) for each in payers[1:3]]
        assert meeting.of(commands, rivals[:1], rivals[1:]) == [201, 402, 402, 201]
        assert meeting.sizes == [4, 2]
        assert [bank.balance(each)[0] for each in payers] == [90, 5, 5, 90]
        assert bank.retries("version") == 2


def test_who_met_nobody_is_told_before_the_others_begin_again(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("optimistic") as bank:
        payers = [bank.customer(100) for _ in range(3)]
        calls = [Call(Transfer("s", bank.name("k"), each, bank.customer(), 10)) for each in payers]
        meeting = Meeting(bank, monkeypatch)
        meeting.rivals([Deposit("r", bank.name("k"), payers[0], 1)])
        told = bank.wallet.teller.settle_each(calls)
        assert [next(told)[0], next(told)[0]] == calls[1:]
        assert meeting.sizes == [3]
        assert [call for call, _ in told] == calls[:1]
        assert meeting.sizes == [3, 1]


def test_who_needed_what_was_set_aside_is_decided_without_it(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("optimistic") as bank:
        rich, poor, other = bank.customer(100), bank.customer(), bank.customer()
        stranger = Transfer("s", bank.name("k"), bank.customer(1), bank.customer(), 1)
        commands = [Transfer("s", bank.name("k"), rich, poor, 50), Transfer("s", bank.name("k"), poor, other, 50)]
        meeting = Meeting(bank, monkeypatch)
        assert meeting.of([*commands, stranger], [Deposit("r", bank.name("k"), rich, 7)]) == [201, 402, 201]
        assert meeting.sizes == [3, 1]
        assert (bank.balance(rich), bank.balance(poor), bank.balance(other)) == ((57, 0), (50, 0), (0, 0))


def test_a_charge_that_was_changed_spoils_what_is_about_it(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("optimistic") as bank:
        customers, merchant = [bank.customer(100) for _ in range(3)], bank.merchant()
        charges = [bank.name("charge") for _ in customers]
        for customer, charge in zip(customers, charges, strict=True):
            bank.do(MakeCharge("s", charge, customer, merchant, 60, capture=False))
        captures = [Capture("s", bank.name("k"), charge, 60) for charge in charges]
        meeting = Meeting(bank, monkeypatch)
        assert meeting.of(captures, [Void("s", bank.name("v"), charges[0])]) == [409, 200, 200]
        assert meeting.sizes == [3, 1]
        assert [bank.balance(each) for each in customers] == [(100, 0), (40, 0), (40, 0)]
        assert bank.balance(merchant) == (120, 0)


def test_a_void_is_set_aside_with_the_account_that_it_gives_back_to(
    open_bank: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bank("optimistic") as bank:
        customer, stranger, charge = bank.customer(100), bank.customer(), bank.name("charge")
        bank.do(MakeCharge("s", charge, customer, bank.merchant(), 60, capture=False))
        commands = [Void("s", bank.name("v"), charge), Deposit("s", bank.name("k"), stranger, 1)]
        meeting = Meeting(bank, monkeypatch)
        assert meeting.of(commands, [Deposit("r", bank.name("k"), customer, 1)]) == [200, 201]
        assert meeting.sizes == [2, 1]
        assert bank.balance(customer) == (101, 0)


def test_those_about_one_charge_keep_their_order(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A void must not leave a tombstone for a charge that came before it."""
    with open_bank("optimistic") as bank:
        customer, stranger, charge = bank.customer(100), bank.customer(), bank.name("charge")
        commands = [
            MakeCharge("s", charge, customer, bank.merchant(), 60, capture=False),
            Void("s", bank.name("v"), charge),
            Deposit("s", bank.name("k"), stranger, 1),
        ]
        meeting = Meeting(bank, monkeypatch)
        assert meeting.of(commands, [Deposit("r", bank.name("k"), customer, 1)]) == [201, 200, 201]
        assert meeting.sizes == [3, 2]
        assert bank.balance(customer) == (101, 0)


def test_all_begin_again_in_halves_when_all_were_met(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank("optimistic") as bank:
        payer, payees = bank.customer(100), [bank.customer() for _ in range(3)]
        commands = [Transfer("s", bank.name("k"), payer, each, 10) for each in payees]
        meeting = Meeting(bank, monkeypatch)
        assert meeting.of(commands, [Deposit("r", bank.name("k"), payer, 1)]) == [201] * 3
        assert meeting.sizes == [3, 1, 2]
        assert bank.balance(payer) == (71, 0)


def test_a_key_that_was_set_aside_is_claimed_again(open_bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set aside leaves nothing in the books, not even a refusal."""
    with open_bank("optimistic") as bank:
        payer, stranger = bank.customer(), bank.customer(1)
        met = Transfer("s", bank.name("k"), payer, stranger, 10)  # declined on what was read
        fine = Transfer("s", bank.name("k"), stranger, bank.customer(), 1)
        own = Deposit("s", bank.name("k"), payer, 1)  # changes the row that a rival changes
        meeting = Meeting(bank, monkeypatch)
        assert meeting.of([met, own, fine], [Deposit("r", bank.name("k"), payer, 10)]) == [201, 201, 201]
        assert bank.balance(payer) == (1, 0)
        assert [answer.replayed for answer in map(bank.settle, (met, own, fine))] == [True] * 3
