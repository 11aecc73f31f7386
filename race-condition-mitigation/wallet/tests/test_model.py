"""Any sequence of operations, single or in batches, against a model of a few lines: on real PostgreSQL.

Keys, accounts and amounts are drawn from few, so that keys are repeated, reused with another payload, voided before
their charge comes, and accounts run dry, without any rule that asks for it.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from trivet_chassis import Answer
from trivet_wallet.ledger.kinds import AccountKind
from trivet_wallet.services import Command
from trivet_wallet.services.accounts import OpenAccount
from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void
from trivet_wallet.teller import Call

Told = tuple[int, str | None]
KINDS = {"c0": "EUR", "c1": "EUR", "c2": "USD", "m0": "EUR", "m1": "USD", "m2": "EUR"}
DONE_200, DONE_201 = (200, None), (201, None)
NOT_FOUND, INVALID = (404, "not-found"), (400, "invalid-request")
POOR, EXCEEDS = (402, "insufficient-funds"), (409, "refund-exceeds-capture")
VOIDED, CAPTURED = (409, "charge-voided"), (409, "already-captured")


@dataclass
class Purse:
    currency: str
    held: int = 0
    lines: list[tuple[str, int]] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(amount for _, amount in self.lines)

    @property
    def available(self) -> int:
        return self.balance - self.held


@dataclass
class Payment:
    customer: str | None
    merchant: str | None
    amount: int
    state: str
    captured: int = 0
    refunded: int = 0


class Model:
    """What everybody would expect, one operation after the other."""

    def __init__(self) -> None:
        self.purses: dict[str, Purse] = {}
        self.payments: dict[str, Payment] = {}
        self.stored: dict[tuple[str, str], tuple[Command, Told]] = {}

    def told(self, command: Command) -> tuple[Told, bool]:
        """Do a command; return what its caller is to be told, and whether it was told before."""
        name = (str(command.kind), str(command.request.key))
        if name in self.stored:
            first, answer = self.stored[name]
            return (answer, True) if first == command else ((422, "idempotency-key-reuse"), False)
        answer: Told = getattr(self, str(command.kind))(command)
        if answer[0] in {200, 201, 402, 409}:
            self.stored[name] = (command, answer)
        return answer, False

    def move(self, kind: str, debit: str | None, credit: str, amount: int) -> None:
        if debit is not None:
            self.purses[debit].lines.append((kind, -amount))
        self.purses[credit].lines.append((kind, amount))

    def open(self, command: OpenAccount) -> Told:
        if command.account_id in self.purses:
            return 409, "already-exists"
        self.purses[command.account_id] = Purse(command.currency)
        return DONE_201

    def deposit(self, command: Deposit) -> Told:
        if command.account_id not in self.purses:
            return NOT_FOUND
        self.move("deposit", None, command.account_id, command.amount_minor)
        return DONE_201

    def transfer(self, command: Transfer) -> Told:
        ends = command.from_account_id, command.to_account_id
        if ends[0] == ends[1]:
            return INVALID
        if not set(ends) <= set(self.purses):
            return NOT_FOUND
        payer, payee = (self.purses[end] for end in ends)
        if payer.currency != payee.currency:
            return INVALID
        if payer.available < command.amount_minor:
            return POOR
        self.move("transfer", *ends, command.amount_minor)
        return DONE_201

    def charge(self, command: MakeCharge) -> Told:
        ends = command.customer_account_id, command.merchant_account_id
        if command.key in self.payments:
            return VOIDED
        if not set(ends) <= set(self.purses):
            return NOT_FOUND
        customer, merchant = (self.purses[end] for end in ends)
        if customer.currency != merchant.currency:
            return INVALID
        self.payments[command.key] = Payment(*ends, command.amount_minor, "declined")
        if customer.available < command.amount_minor:
            return POOR
        self.payments[command.key].state = "authorised"
        customer.held += command.amount_minor
        if command.capture:
            self._capture(self.payments[command.key], command.amount_minor)
        return DONE_201

    def capture(self, command: Capture) -> Told:
        payment = self.payments.get(command.charge_key)
        if payment is None:
            return NOT_FOUND
        if payment.state != "authorised":
            return CAPTURED if payment.state == "captured" else VOIDED
        amount = command.amount_minor or payment.amount
        if amount > payment.amount:
            return INVALID
        self._capture(payment, amount)
        return DONE_200

    def _capture(self, payment: Payment, amount: int) -> None:
        self.purses[str(payment.customer)].held -= payment.amount
        self.move("capture", str(payment.customer), str(payment.merchant), amount)
        payment.state, payment.captured = "captured", amount

    def refund(self, command: Refund) -> Told:
        payment = self.payments.get(command.charge_key)
        if payment is None:
            return NOT_FOUND
        if payment.state != "captured" or payment.refunded + command.amount_minor > payment.captured:
            return EXCEEDS
        if self.purses[str(payment.merchant)].available < command.amount_minor:
            return POOR
        self.move("refund", str(payment.merchant), str(payment.customer), command.amount_minor)
        payment.refunded += command.amount_minor
        return DONE_201

    def void(self, command: Void) -> Told:
        payment = self.payments.setdefault(command.charge_key, Payment(None, None, 0, "voided"))
        if payment.state == "captured":
            return CAPTURED
        if payment.state == "authorised":
            self.purses[str(payment.customer)].held -= payment.amount
            payment.state = "voided"
        return DONE_200


KEY = st.sampled_from(["k0", "k1", "k2", "k3", "k4"])
CUSTOMER, MERCHANT = st.sampled_from(["c0", "c1", "c2"]), st.sampled_from(["m0", "m1", "m2"])
ANYBODY = st.sampled_from([*KINDS, "nobody"])
AMOUNT = st.integers(1, 40)
CHARGES = st.builds(MakeCharge, st.just("s"), KEY, CUSTOMER, MERCHANT, AMOUNT, st.booleans())
CAPTURES = st.builds(Capture, st.just("s"), KEY, KEY, st.none() | AMOUNT)
REFUNDS = st.builds(Refund, st.just("s"), KEY, KEY, AMOUNT)
VOIDS = st.builds(Void, st.just("s"), KEY, KEY)
TRANSFERS = st.builds(Transfer, st.just("s"), KEY, ANYBODY, ANYBODY, AMOUNT)
DEPOSITS = st.builds(Deposit, st.just("s"), KEY, ANYBODY, AMOUNT)
COMMANDS = CHARGES | CAPTURES | REFUNDS | VOIDS | TRANSFERS | DEPOSITS
BATCHES = st.lists(COMMANDS, min_size=2, max_size=8, unique_by=lambda each: (each.kind, each.key))


def described(outcome: Any) -> Told:
    """Return what an answer or a refusal says: its status and code."""
    if not isinstance(outcome, Answer):
        return outcome.kind.status, outcome.code
    return outcome.status, json.loads(outcome.body)["code"] if outcome.status >= 400 else None


class Books(RuleBasedStateMachine):
    """The wallet and the model, told the same. Each example has a subject and accounts of its own."""

    bank: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.run = uuid.uuid4().hex[:12]
        self.bodies: dict[tuple[str, str], bytes] = {}

    def ours(self, command: Any) -> Any:
        """Return a command about this example's accounts, under its subject."""
        named = [each.name for each in fields(command) if each.name.endswith("account_id")]
        return replace(command, subject=self.run, **{name: f"{getattr(command, name)}-{self.run}" for name in named})

    def agree(self, commands: list[Any], outcomes: list[Any]) -> None:
        """Compare what was told with the model, in order."""
        for command, outcome in zip(commands, outcomes, strict=True):
            expected, is_replay = self.model.told(command)
            assert described(outcome) == expected, command
            if isinstance(outcome, Answer):
                assert outcome.replayed == is_replay, command
                name = (str(command.kind), str(command.request.key))
                assert self.bodies.setdefault(name, outcome.body) == outcome.body

    @initialize(opened=st.sets(st.sampled_from(list(KINDS)), min_size=3), rich=st.integers(0, 100))
    def begin(self, opened: set[str], rich: int) -> None:
        for account in sorted(opened):
            self.open(account, account)
            if account.startswith("c") and rich:
                self.single(Deposit("s", f"first-{account}", account, rich))

    @rule(account=st.sampled_from(list(KINDS)), key=KEY)
    def open(self, account: str, key: str) -> None:
        kind = AccountKind.CUSTOMER if account.startswith("c") else AccountKind.MERCHANT
        self.single(OpenAccount("s", key, account, self.run, kind, KINDS[account]))

    @rule(command=COMMANDS)
    def single(self, command: Any) -> None:
        mine = self.ours(command)
        self.agree([mine], self.bank.wallet.teller.settle_all([Call(mine)]))

    @rule(commands=BATCHES)
    def batch(self, commands: list[Any]) -> None:
        mine = [self.ours(command) for command in commands]
        self.agree(mine, self.bank.wallet.teller.settle_all([Call(each) for each in mine]))

    @rule(commands=BATCHES)
    def combined(self, commands: list[Any]) -> None:
        mine = [self.ours(command) for command in commands]
        self.agree(mine, self.bank.settle_each([Call(each) for each in mine]))

    @rule()
    def fold(self) -> None:
        self.bank.wallet.folder.fold_all()

    @invariant()
    def balances_and_holds_are_the_models(self) -> None:
        page = self.bank.wallet.selectors.accounts(None, 500, self.run)
        found = {each["id"]: (each["balance_minor"], each["held_minor"]) for each in page["accounts"]}
        assert found == {name: (purse.balance, purse.held) for name, purse in self.model.purses.items()}

    def teardown(self) -> None:
        """Compare what is kept of it all: statements, charges, and the sum of everything."""
        for name, purse in self.model.purses.items():
            lines = self.bank.statement(name, 3)
            assert [(line["kind"], line["amount_minor"]) for line in lines] == purse.lines
            if "c" in name[0]:
                balances = [sum(amount for _, amount in purse.lines[: n + 1]) for n in range(len(purse.lines))]
                assert [line["balance_minor"] for line in lines] == balances
        for key, payment in self.model.payments.items():
            charge = self.bank.wallet.selectors.charge(self.run, key)
            assert (charge["state"], charge["captured_minor"], charge["refunded_minor"]) == (
                payment.state,
                payment.captured,
                payment.refunded,
            )
            assert (charge["customer_account_id"], charge["amount_minor"] or 0) == (payment.customer, payment.amount)
        assert self.bank.total() == 0
        [(count,)] = self.bank.said("SELECT count(*) FROM operations WHERE subject = %s", self.run)
        assert count == len(self.model.stored)


def check(bank: Any, *, examples: int, steps: int) -> None:
    machine = type("BooksOfOneBank", (Books,), {"bank": bank})
    health = [HealthCheck.too_slow, HealthCheck.data_too_large]
    profile = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=health, derandomize=True
    )
    run_state_machine_as_test(machine, settings=profile)


@pytest.mark.parametrize("strategy", ["select_for_update", "optimistic"])
def test_any_sequence_of_operations_is_what_the_model_says(strategy: str, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        check(bank, examples=25, steps=25)


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["select_for_update", "optimistic", "naive"])
def test_any_long_sequence_of_operations_is_what_the_model_says(strategy: str, open_bank: Any) -> None:
    with open_bank(strategy) as bank:
        check(bank, examples=300, steps=60)
