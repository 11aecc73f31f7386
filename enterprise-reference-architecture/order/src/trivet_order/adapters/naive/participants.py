"""Three participants that take a lost answer for a no, and ask anew instead of again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from trivet_order.adapters.http import (
    Answered,
    Entry,
    SeatsParticipant,
    StockParticipant,
    Told,
    WalletParticipant,
    charge_key,
    hold_id,
)
from trivet_order.application.saga import (
    Charge,
    Command,
    ConfirmStock,
    Declined,
    HoldStock,
    NoAnswer,
    PinSeats,
    Released,
    ReleaseSeats,
    ReleaseStock,
    Reply,
    Sold,
    Void,
    Voided,
)


def _anew(name: str) -> str:
    """Return a name that no attempt had before; what stands before it still tells the order."""
    return f"{name}:{uuid4().hex[:8]}"


class NaiveStock(StockParticipant):
    """Holds under a new id each time, and makes the hold the order's only when it sells: by then it may be gone.

    It gives back what it remembers. A hold whose answer was lost is nobody's, and a worker that is started anew
    remembers nothing.
    """

    def __init__(self, *where: Any, **how: Any) -> None:
        """Make one as its model is made."""
        super().__init__(*where, **how)
        self._held: dict[UUID, str] = {}

    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is; nothing of what it does not remember (TypeError)."""
        known = self._held.get(command.order_id)
        match command:
            case HoldStock() if super().entries_of(command):
                return [self._hold(command, _anew(hold_id(command.order_id)))]
            case ConfirmStock() if known is not None:
                return [self._named("pin", command, known), self._named("confirm", command, known)]
            case ReleaseStock() if known is not None:
                return [self._named("release", command, known)]
            case ConfirmStock() | ReleaseStock():
                return []
            case _:
                return super().entries_of(command)

    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entries were told, as one reply (Unreadable)."""
        match command:
            case HoldStock():
                [held] = told
                if isinstance(held, Told) and held.is_done:
                    self._held[command.order_id] = str(held.body.get("id"))
                return self._held_or_why(command, held)
            case ConfirmStock():
                return super().reply_to(command, told[1:])
            case _:
                return super().reply_to(command, told)

    def unasked(self, command: Command) -> Reply:
        """Return done for what it does not remember."""
        match command:
            case ConfirmStock():
                return Sold()
            case ReleaseStock():
                return Released()
            case _:
                return super().unasked(command)


class NaiveSeats(SeatsParticipant):
    """Gives back what it remembers to have pinned: a pin whose answer was lost is held for nobody."""

    def __init__(self, *where: Any, **how: Any) -> None:
        """Make one as its model is made."""
        super().__init__(*where, **how)
        self._pinned: set[tuple[UUID, str, str]] = set()

    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is; nothing of what it does not remember (TypeError)."""
        if not isinstance(command, ReleaseSeats):
            return super().entries_of(command)
        known = [seat for seat in command.seats if (command.order_id, seat.show_id, seat.hold_id) in self._pinned]
        return super().entries_of(ReleaseSeats(command.order_id, command.customer_id, tuple(known)))

    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entries were told, as one reply (Unreadable)."""
        if isinstance(command, PinSeats):
            for seat, each in zip(command.seats, told, strict=True):
                if isinstance(each, Told) and each.is_done:
                    self._pinned.add((command.order_id, seat.show_id, seat.hold_id))
        return super().reply_to(command, told)


class NaiveWallet(WalletParticipant):
    """Charges under a new key each time, takes no answer for a decline, and voids nothing."""

    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is (TypeError)."""
        match command:
            case Charge() if super().entries_of(command):
                return [self._charge(command, _anew(charge_key(command.order_id)))]
            case Void():
                return []
            case _:
                return super().entries_of(command)

    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entry was told (Unreadable)."""
        reply = super().reply_to(command, told)
        return Declined("no-answer", reply.error[:200]) if isinstance(reply, NoAnswer) else reply

    def unasked(self, command: Command) -> Reply:
        """Return voided for what was never asked to be."""
        return Voided() if isinstance(command, Void) else super().unasked(command)
