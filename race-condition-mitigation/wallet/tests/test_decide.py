"""What is decided on a page, without a database: every operation's success and refusals, and what a page moves."""

from __future__ import annotations

import itertools
import json
import uuid
from typing import Any

import pytest

from trivet_chassis import AlreadyExists, Answer, InvalidRequest, ServiceError
from trivet_wallet.books import Account, Charge, Page
from trivet_wallet.decide import enter, touched_by
from trivet_wallet.errors import (
    AlreadyCaptured,
    ChargeVoided,
    InsufficientFunds,
    NoSuchAccount,
    NoSuchCharge,
    RefundExceedsCapture,
)
from trivet_wallet.ledger.kinds import AccountKind, ChargeState, TransactionKind
from trivet_wallet.services import Command, Decision
from trivet_wallet.services.accounts import OpenAccount
from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charge_states import ChargeEvent, after
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void

ENTRY = "00000000-0000-0000-0000-000000000001"


def account(name: str, row_minor: int = 0, held_minor: int = 0, currency: str = "EUR", **more: Any) -> Account:
    kind = AccountKind.MERCHANT if name.startswith("m") else AccountKind.CUSTOMER
    defaults = {"hot": kind == AccountKind.MERCHANT, "version": 3}
    return Account(name, kind, currency, row_minor=row_minor, held_minor=held_minor, **(defaults | more))


def charge(state: ChargeState, amount_minor: int = 40, **more: Any) -> Charge:
    captured = {"captured_minor": amount_minor} if state == ChargeState.CAPTURED else {}
    return Charge(uuid.uuid4(), "s", "k", "c", "m", amount_minor, "EUR", state, version=1, **(captured | more))


def page_of(*accounts: Account, charges: tuple[Charge, ...] = ()) -> Page:
    return Page(accounts, charges)


def decide(page: Page, command: Command) -> Decision:
    return command.decide(page, ENTRY)


def is_untouched(page: Page) -> bool:
    return not (page.postings or page.changed_accounts or page.changed_charges or page.new_charges or page.new_accounts)


def refused(page: Page, command: Command, kind: type[ServiceError]) -> ServiceError:
    """Return a refusal that leaves the page as it was."""
    with pytest.raises(kind) as error:
        decide(page, command)
    assert is_untouched(page)
    return error.value


def test_money_moves_between_rows_and_leaves_two_postings_that_balance() -> None:
    payer, payee = account("c1", 100), account("c2", 5)
    page = page_of(payer, payee)
    page.move(TransactionKind.TRANSFER, payer, payee, 30)
    assert (payer.row_minor, payer.version, payee.row_minor, payee.version) == (70, 4, 35, 4)
    assert [
        (each.account_id, each.amount_minor, each.account_version, each.balance_minor) for each in page.postings
    ] == [
        ("c1", -30, 4, 70),
        ("c2", 30, 4, 35),
    ]
    assert page.changed_accounts == [payer, payee]


def test_a_credit_of_a_hot_account_leaves_its_row_alone() -> None:
    customer, merchant = account("c", 100), account("m", 7)
    page = page_of(customer, merchant)
    page.move(TransactionKind.CAPTURE, customer, merchant, 30)
    assert (merchant.row_minor, merchant.is_changed) == (7, False)
    assert (page.postings[1].account_version, page.postings[1].balance_minor) == (None, None)


def test_a_debit_of_a_hot_account_takes_its_row_and_the_world_outside_none() -> None:
    customer, merchant = account("c"), account("m", 50)
    page = page_of(customer, merchant)
    page.move(TransactionKind.REFUND, merchant, customer, 30)
    assert (merchant.row_minor, page.postings[0].account_version) == (20, 4)
    outside = page.external("EUR")
    page.move(TransactionKind.DEPOSIT, outside, customer, 1)
    assert (outside.id, outside.is_changed, page.postings[2].account_version) == ("external-eur", False, None)
    assert page.external("EUR") is outside


def test_a_hold_lessens_what_is_available_and_not_the_balance() -> None:
    one = account("c", 100)
    one.hold(60)
    assert (one.row_minor, one.available_minor, one.may_spend(40), one.may_spend(41)) == (100, 40, True, False)
    one.hold(-60)
    assert one.may_spend(100)


def test_an_account_is_opened_empty_and_once() -> None:
    page = page_of()
    command = OpenAccount("s", None, "m", "anna", AccountKind.MERCHANT, "EUR")
    told = decide(page, command)
    assert told.status == 201
    assert told.body["available_minor"] == 0
    [new] = page.new_accounts
    assert (new.hot, new.external_id) == (True, "external-eur")
    refused(page_of(account("m")), command, AlreadyExists)


def test_an_id_that_was_made_up_is_no_part_of_the_payload() -> None:
    def payload(account_id: str, *, is_named: bool) -> bytes:
        command = OpenAccount("s", "k", account_id, "anna", AccountKind.CUSTOMER, "EUR", is_named=is_named)
        return command.request.payload

    assert payload("a-1", is_named=False) == payload("a-2", is_named=False)
    assert payload("a-1", is_named=True) != payload("a-2", is_named=True)


def test_a_deposit_comes_from_outside() -> None:
    page = page_of(account("c", 1))
    told = decide(page, Deposit("s", "k", "c", 99))
    assert (told.status, told.body["deposit_id"], page.account("c").row_minor) == (201, ENTRY, 100)
    assert [(each.account_id, each.amount_minor) for each in page.postings] == [("external-eur", -99), ("c", 99)]
    refused(page_of(), Deposit("s", "k", "c", 1), NoSuchAccount)


def test_a_transfer_moves_what_is_available_and_no_more() -> None:
    page = page_of(account("c1", 100, 40), account("c2"))
    assert decide(page, Transfer("s", "k", "c1", "c2", 60)).status == 201
    assert page.account("c2").row_minor == 60
    refused(page_of(account("c1", 100, 40), account("c2")), Transfer("s", "k", "c1", "c2", 61), InsufficientFunds)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (Transfer("s", "k", "c1", "c1", 1), InvalidRequest),
        (Transfer("s", "k", "c1", "usd", 1), InvalidRequest),
        (Transfer("s", "k", "c1", "nobody", 1), NoSuchAccount),
        (Transfer("s", "k", "nobody", "c1", 1), NoSuchAccount),
        (MakeCharge("s", "k", "nobody", "m", 1), NoSuchAccount),
        (MakeCharge("s", "k", "c1", "nobody", 1), NoSuchAccount),
        (MakeCharge("s", "k", "c1", "usd", 1), InvalidRequest),
        (MakeCharge("s", "k", "m", "c1", 1), InvalidRequest),
        (MakeCharge("s", "k", "c1", "m-usd", 1), InvalidRequest),
        (Capture("s", "k2", "k", 1), NoSuchCharge),
        (Refund("s", "k2", "k", 1), NoSuchCharge),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_refused_before_anything_is_changed(command: Command, kind: type[ServiceError]) -> None:
    page = page_of(
        account("c1", 100), account("m", 100), account("usd", 100, currency="USD"), account("m-usd", currency="USD")
    )
    error = refused(page, command, kind)
    assert not error.kind.stored
    assert enter(page, command) is not None
    assert page.entries == []


@pytest.mark.parametrize("capture", [True, False])
def test_a_charge_takes_or_holds(capture: bool) -> None:  # noqa: FBT001  - a parameter of the test
    page = page_of(account("c", 100), account("m"))
    told = decide(page, MakeCharge("s", "k", "c", "m", 70, capture=capture))
    customer = page.account("c")
    [made] = page.new_charges
    assert told.status == 201
    if capture:
        assert (told.body["state"], told.body["captured_minor"], made.captured_minor) == ("captured", 70, 70)
        assert (customer.row_minor, customer.held_minor, told.transaction_id) == (30, 0, page.movements[0].id)
    else:
        assert (told.body["state"], told.body["captured_minor"]) == ("authorised", 0)
        assert (customer.row_minor, customer.held_minor, told.transaction_id) == (100, 70, None)


def test_a_declined_charge_is_kept_and_moves_nothing() -> None:
    page = page_of(account("c", 100, 50), account("m"))
    with pytest.raises(InsufficientFunds):
        decide(page, MakeCharge("s", "k", "c", "m", 51))
    [kept] = page.new_charges
    assert (kept.state, kept.amount_minor, kept.currency, kept.captured_minor) == ("declined", 51, "EUR", 0)
    assert (page.postings, page.changed_accounts) == ([], [])


def test_a_charge_that_was_voided_before_it_came_is_refused() -> None:
    page = page_of(account("c", 100), account("m"))
    assert decide(page, Void("s", "v", "k")).body == {"charge_key": "k", "state": "voided", "released_minor": 0}
    [tombstone] = page.new_charges
    assert tombstone.amount_minor is None
    with pytest.raises(ChargeVoided):
        decide(page, MakeCharge("s", "k", "c", "m", 1))
    assert (page.postings, page.new_charges) == ([], [tombstone])
    assert decide(page, MakeCharge("another", "k", "c", "m", 1)).status == 201


@pytest.mark.parametrize(("asked", "taken"), [(None, 40), (40, 40), (15, 15)])
def test_a_capture_takes_what_is_asked_and_lets_the_rest_go(asked: int | None, taken: int) -> None:
    page = page_of(account("c", 100, 60), account("m"), charges=(charge(ChargeState.AUTHORISED),))
    told = decide(page, Capture("s", "k2", "k", asked))
    customer = page.account("c")
    assert (told.status, told.body["state"], told.body["captured_minor"]) == (200, "captured", taken)
    assert (customer.row_minor, customer.held_minor) == (100 - taken, 20)
    assert page.postings[1].amount_minor == taken


def test_a_capture_of_more_than_is_held_is_refused() -> None:
    page = page_of(account("c", 100, 40), account("m"), charges=(charge(ChargeState.AUTHORISED),))
    refused(page, Capture("s", "k2", "k", 41), InvalidRequest)


def test_refunds_together_give_back_what_was_captured_and_no_more() -> None:
    page = page_of(account("c"), account("m", 100), charges=(charge(ChargeState.CAPTURED),))
    assert decide(page, Refund("s", "r1", "k", 25)).body["refunded_minor"] == 25
    with pytest.raises(RefundExceedsCapture) as error:
        decide(page, Refund("s", "r2", "k", 16))
    assert error.value.members["refundable_minor"] == 15
    assert decide(page, Refund("s", "r3", "k", 15)).body["refunded_minor"] == 40
    assert (page.account("m").row_minor, page.account("c").row_minor) == (60, 40)


def test_a_merchant_without_the_money_refunds_nothing() -> None:
    page = page_of(account("c"), account("m", 39), charges=(charge(ChargeState.CAPTURED),))
    refused(page, Refund("s", "r", "k", 40), InsufficientFunds)


def test_a_void_lets_go_of_all_that_is_held() -> None:
    page = page_of(account("c", 100, 60), charges=(charge(ChargeState.AUTHORISED),))
    assert decide(page, Void("s", "v", "k")).body == {"charge_key": "k", "state": "voided", "released_minor": 40}
    assert page.account("c").held_minor == 20
    assert decide(page, Void("s", "v2", "k")).body["released_minor"] == 0
    assert page.account("c").held_minor == 20


REFUSAL = {
    (ChargeState.CAPTURED, ChargeEvent.CAPTURE): AlreadyCaptured,
    (ChargeState.CAPTURED, ChargeEvent.VOID): AlreadyCaptured,
    (ChargeState.DECLINED, ChargeEvent.CAPTURE): ChargeVoided,
    (ChargeState.VOIDED, ChargeEvent.CAPTURE): ChargeVoided,
    (ChargeState.AUTHORISED, ChargeEvent.REFUND): RefundExceedsCapture,
    (ChargeState.DECLINED, ChargeEvent.REFUND): RefundExceedsCapture,
    (ChargeState.VOIDED, ChargeEvent.REFUND): RefundExceedsCapture,
}
FOLLOWS = {
    (ChargeState.AUTHORISED, ChargeEvent.CAPTURE): ChargeState.CAPTURED,
    (ChargeState.AUTHORISED, ChargeEvent.VOID): ChargeState.VOIDED,
    (ChargeState.CAPTURED, ChargeEvent.REFUND): ChargeState.CAPTURED,
    (ChargeState.DECLINED, ChargeEvent.VOID): ChargeState.DECLINED,
    (ChargeState.VOIDED, ChargeEvent.VOID): ChargeState.VOIDED,
}
COMMAND = {
    ChargeEvent.CAPTURE: Capture("s", "k2", "k"),
    ChargeEvent.REFUND: Refund("s", "k2", "k", 1),
    ChargeEvent.VOID: Void("s", "k2", "k"),
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(ChargeState, ChargeEvent)))
def test_every_event_in_every_state_is_the_one_that_is_told(state: ChargeState, event: ChargeEvent) -> None:
    held_minor = 40 if state == ChargeState.AUTHORISED else 0
    page = page_of(account("c", 100, held_minor), account("m", 100), charges=(charge(state),))
    if (state, event) in REFUSAL:
        with pytest.raises(REFUSAL[state, event]):
            after(state, event, "k")
        error = refused(page, COMMAND[event], REFUSAL[state, event])
        assert error.kind.stored
        return
    assert after(state, event, "k") == FOLLOWS[state, event]
    assert decide(page, COMMAND[event]).status in {200, 201}
    assert page.charges["s", "k"].state == FOLLOWS[state, event]


@pytest.mark.parametrize("command", COMMAND.values(), ids=lambda command: str(command.kind))
def test_a_tombstone_has_nothing_to_take_and_nothing_to_give_back(command: Command) -> None:
    page = page_of()
    decide(page, Void("s", "v", "k"))
    told = enter(page, command)
    assert isinstance(told, Answer)
    assert told.status == (200 if command.kind == "void" else 409)
    assert (page.postings, touched_by([command], page.charges).debited) == ([], frozenset())


def entered(page: Page, *commands: Command) -> list[tuple[int, str | None]]:
    """Decide commands one after the other and return their statuses and codes."""
    outcomes = [enter(page, command) for command in commands]
    told = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(told) == len(outcomes)
    return [(answer.status, json.loads(answer.body).get("code")) for answer in told]


def test_a_later_command_of_a_batch_sees_what_the_earlier_ones_did() -> None:
    page = page_of(account("c", 100), account("m"))
    assert entered(
        page,
        MakeCharge("s", "k1", "c", "m", 60, capture=False),
        MakeCharge("s", "k2", "c", "m", 41),
        Void("s", "v1", "k1"),
        MakeCharge("s", "k3", "c", "m", 100),
        Capture("s", "x", "k1"),
        Void("s", "v2", "k4"),
        MakeCharge("s", "k4", "c", "m", 1),
        Void("s", "v3", "k2"),
        Void("s", "v4", "k3"),
    ) == [
        (201, None),
        (402, "insufficient-funds"),
        (200, None),
        (201, None),
        (409, "charge-voided"),
        (200, None),
        (409, "charge-voided"),
        (200, None),
        (409, "already-captured"),
    ]
    customer = page.account("c")
    assert (customer.row_minor, customer.held_minor) == (0, 0)
    assert [(entry.kind, entry.status, entry.charge_key) for entry in page.entries][1] == ("charge", 402, "k2")
    assert sum(posting.amount_minor for posting in page.postings) == 0


def test_a_refund_in_the_batch_of_its_charge_has_the_charges_money() -> None:
    charging, refunding = MakeCharge("s", "k", "c", "m", 60), Refund("s", "r", "k", 60)
    touched = touched_by([charging, refunding], {})
    assert (touched.debited, touched.credited) == ({"c", "m"}, {"c", "m"})
    page = page_of(account("c", 100), account("m", folded=True))
    assert entered(page, charging, refunding) == [(201, None), (201, None)]
    assert (page.account("c").row_minor, page.account("m").row_minor) == (100, 0)


def test_an_account_is_opened_once_in_a_batch_too() -> None:
    page = page_of()
    first = OpenAccount("s", "k1", "c", "anna", AccountKind.CUSTOMER, "EUR")
    second = OpenAccount("s", "k2", "c", "ben", AccountKind.CUSTOMER, "EUR")
    assert entered(page, first, second) == [(201, None), (409, "already-exists")]
    assert len(page.new_accounts) == 1


def test_an_entry_says_what_was_asked_and_a_refusal_of_this_attempt_leaves_none() -> None:
    page = page_of(account("c1", 10), account("c2"))
    assert isinstance(enter(page, Transfer("s", "k1", "c1", "nobody", 1)), NoSuchAccount)
    declined = enter(page, Transfer("s", "k2", "c1", "c2", 11))
    assert isinstance(declined, Answer)
    [entry] = page.entries
    assert (entry.kind, entry.key, entry.status, entry.code) == ("transfer", "k2", 402, "insufficient-funds")
    assert (entry.account_id, entry.counter_account_id, entry.amount_minor) == ("c1", "c2", 11)
    assert (entry.transaction_id, entry.body.encode()) == (None, declined.body)
