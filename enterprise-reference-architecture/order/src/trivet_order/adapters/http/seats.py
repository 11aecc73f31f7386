"""Reservation: each of an order's holds pinned by its token, sold or released."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from trivet_order.adapters.http.answers import Answered, Told, money, read, refusal, settled
from trivet_order.adapters.http.batches import Entry
from trivet_order.adapters.http.names import can_be_hold
from trivet_order.adapters.http.participant import Participant, anothers
from trivet_order.application.saga import (
    Command,
    ConfirmSeats,
    Held,
    NoAnswer,
    PinSeats,
    Refused,
    Rejected,
    Released,
    ReleaseSeats,
    Reply,
    Sold,
)
from trivet_order.domain import Seat

_DECISIONS = frozenset({"already-held", "hold-expired", "hold-released", "too-late", "not-found", "forbidden"})
"""What decides, for good, that an order cannot have a hold; ``forbidden``: the token is not the hold's."""


class _Pinned(msgspec.Struct):
    total_minor: int
    currency: str


class SeatsParticipant(Participant):
    """Asks Reservation. A hold is an entry, and those of one order add up to one reply."""

    ROUTE: ClassVar[str] = "/seat-holds/batch"
    NAMED_BY: ClassVar[str] = "id"

    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is (TypeError)."""
        match command:
            case PinSeats() if not all(map(can_be_hold, command.seats)):
                return []
            case PinSeats():
                return [_named("pin", command, seat) | {"token": seat.token} for seat in command.seats]
            case ConfirmSeats():
                return [_named("confirm", command, seat) for seat in command.seats]
            case ReleaseSeats():
                return [_named("release", command, seat) for seat in command.seats if can_be_hold(seat)]
            case _:
                raise anothers(command)

    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entries were told, as one reply (Unreadable)."""
        match command:
            case PinSeats():
                return _pinned(told)
            case ConfirmSeats():
                return settled(told, Sold())
            case _:
                return settled([_none_if_no_show(each) for each in told], Released())

    def unasked(self, command: Command) -> Reply:
        """Return the reply to what can be no hold: it cannot be pinned, and is not."""
        return Released() if isinstance(command, ReleaseSeats) else Refused("not-found", "there can be no such hold")


def _named(op: str, command: Command, seat: Seat) -> dict[str, str]:
    subject, order_id = command.customer_id, str(command.order_id)
    return {"op": op, "id": seat.hold_id, "show_id": seat.show_id, "subject": subject, "order_id": order_id}


def _none_if_no_show(answered: Answered) -> Answered:
    """Return a release that found no such show as done.

    A show is never taken away, so nothing of this one was ever pinned; and a pin that comes late, when there is one,
    has no token of a hold that was made after it was sent.
    """
    is_no_show = isinstance(answered, Told) and not answered.is_done and answered.body.get("code") == "not-found"
    return Told(200, {}) if is_no_show else answered


def _pinned(told: Sequence[Answered]) -> Reply:
    """Return what became of an order's holds: one that is refused decides for all, whatever is known of the others."""
    refused = [each for each in (refusal(one, _DECISIONS) for one in told) if each is not None]
    for kind in (Refused, Rejected, NoAnswer):
        for each in refused:
            if isinstance(each, kind):
                return each
    pinned = [read(each.body, _Pinned) for each in told if isinstance(each, Told)]
    return Held(tuple(money(each.total_minor, each.currency) for each in pinned))
