"""The wallet: an order's charge and its void, each under the one key that the order has for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from trivet_order.adapters.http.answers import Answered, Told, money, read, rejected
from trivet_order.adapters.http.batches import Entry
from trivet_order.adapters.http.circuit import Circuit
from trivet_order.adapters.http.client import Client
from trivet_order.adapters.http.names import can_be_charged
from trivet_order.adapters.http.participant import Participant, anothers
from trivet_order.application.saga import Captured, Charge, Command, Declined, NoAnswer, Rejected, Reply, Void, Voided


class _Captured(msgspec.Struct):
    state: Literal["captured"]
    captured_minor: int
    currency: str


def charge_key(order_id: UUID) -> str:
    """Return the key of an order's charge: the same on every attempt, so that it takes once."""
    return f"{order_id}:charge"


class WalletParticipant(Participant):
    """Asks the wallet. Money is taken at once; what was not answered is asked again, or voided, and never guessed."""

    ROUTE: ClassVar[str] = "/charges/batch"
    NAMED_BY: ClassVar[str] = "key"

    def __init__(
        self, client: Client, url: str, circuit: Circuit, merchant_account_id: str, *, deadline_s: float
    ) -> None:
        """Make one that charges for a merchant."""
        super().__init__(client, url, circuit, deadline_s=deadline_s)
        self._merchant_account_id = merchant_account_id

    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is (TypeError)."""
        match command:
            case Charge() if not can_be_charged(command.account_id, command.amount):
                return []
            case Charge():
                return [self._charge(command, charge_key(command.order_id))]
            case Void():
                return [_void(command)]
            case _:
                raise anothers(command)

    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entry was told (Unreadable)."""
        [answered] = told
        if isinstance(answered, NoAnswer):
            return answered
        return _charged(answered) if isinstance(command, Charge) else _voided(answered)

    def unasked(self, command: Command) -> Reply:
        """Return the reply to a charge that the wallet cannot even read: it takes nothing, and another word decides."""
        del command
        return Rejected("invalid-request", "there can be no such account, or nobody pays so much at a time")

    def _charge(self, command: Charge, key: str) -> Entry:
        """Return the entry of a charge, from an account that has to be the customer's and in the total's currency."""
        return {
            "op": "charge",
            "key": key,
            "subject": command.customer_id,
            "customer_account_id": command.account_id,
            "merchant_account_id": self._merchant_account_id,
            "amount_minor": command.amount.amount_minor,
            "currency": command.amount.currency,
        }


def _void(command: Void) -> Entry:
    return {
        "op": "void",
        "key": f"{command.order_id}:void",
        "subject": command.customer_id,
        "charge_key": charge_key(command.order_id),
    }


def _charged(told: Told) -> Reply:
    if told.is_done:
        return _captured(told)
    refused = rejected(told)
    match refused.code:
        case "insufficient-funds":
            return Declined(refused.code, refused.reason)
        case "charge-voided":
            return Voided()
        case _:
            return refused


def _voided(told: Told) -> Reply:
    """Return what a void was told. A charge that was declined is voided too: it takes nothing, nor ever will."""
    if told.is_done:
        return Voided()
    refused = rejected(told)
    return _captured(told) if refused.code == "already-captured" else refused


def _captured(told: Told) -> Captured:
    taken = read(told.body, _Captured)
    return Captured(money(taken.captured_minor, taken.currency))
