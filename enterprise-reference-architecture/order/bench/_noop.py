"""Participants in the same process that agree with everything and keep nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trivet_order.application.saga import (
    Captured,
    Charge,
    Command,
    ConfirmSeats,
    ConfirmStock,
    Held,
    HoldStock,
    Participants,
    PinSeats,
    Reply,
    Sold,
)
from trivet_order.domain import Money

PRICE = Money(700, "EUR")
_SOLD = Sold()
_AGREED: Mapping[type[Command], Callable[[Any], Reply]] = {
    HoldStock: lambda asked: Held((PRICE,) * len(asked.lines)),
    PinSeats: lambda asked: Held((PRICE,) * len(asked.seats)),
    Charge: lambda asked: Captured(asked.amount),
    ConfirmStock: lambda _: _SOLD,
    ConfirmSeats: lambda _: _SOLD,
}


def agreed(command: Command) -> Reply:
    """Return the best answer that there is to a command of a sale."""
    return _AGREED[type(command)](command)


class NoOp:
    """ParticipantPort of anybody who is asked."""

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """See ParticipantPort."""
        return [agreed(command) for command in commands]

    def ready_in_s(self) -> float:
        """See ParticipantPort."""
        return 0.0


NOBODY = Participants(NoOp(), NoOp(), NoOp())
