"""Inventory: every line of an order held and pinned, sold or released under one id that the order chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

import msgspec

from trivet_order.adapters.http.answers import Answered, Told, Unreadable, is_done, money, read, refusal, settled
from trivet_order.adapters.http.batches import Entry
from trivet_order.adapters.http.names import can_be_item
from trivet_order.adapters.http.participant import Participant, anothers
from trivet_order.application.saga import (
    Command,
    ConfirmStock,
    Held,
    HoldStock,
    Refused,
    Released,
    ReleaseStock,
    Reply,
    Sold,
)
from trivet_order.domain import Money

_DECISIONS = frozenset({"out-of-stock", "already-held", "hold-expired", "hold-released", "too-late", "not-found"})
"""What decides, for good, that an order cannot have what it wants."""


class _Line(msgspec.Struct):
    item_id: str
    quantity: int
    unit_price_minor: int


class _Goods(msgspec.Struct):
    lines: list[_Line]
    currency: str


class StockParticipant(Participant):
    """Asks Inventory. A hold and its pin go in one batch, so that nothing expires between the two."""

    ROUTE: ClassVar[str] = "/stock-holds/batch"
    NAMED_BY: ClassVar[str] = "id"

    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is (TypeError)."""
        id_ = hold_id(command.order_id)
        match command:
            case HoldStock() if not all(can_be_item(line.item.item_id) for line in command.lines):
                return []
            case HoldStock():
                return [self._hold(command, id_), self._named("pin", command, id_)]
            case ConfirmStock():
                return [self._named("confirm", command, id_)]
            case ReleaseStock():
                return [self._named("release", command, id_)]
            case _:
                raise anothers(command)

    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entries were told, as one reply (Unreadable).

        Of a hold and its pin, a pin that is done decides, whatever the hold was told: an earlier attempt made it. One
        that is refused decides if the hold is there; else the hold's answer does.
        """
        match command:
            case HoldStock():
                held, pinned = told
                return self._held_or_why(command, pinned if is_done(pinned) or is_done(held) else held)
            case ConfirmStock():
                return settled(told, Sold())
            case _:
                return settled(told, Released())

    def unasked(self, command: Command) -> Reply:
        """Return the reply to a hold of what can be no item."""
        del command
        return Refused("not-found", "there can be no such item")

    def _hold(self, command: HoldStock, id_: str) -> Entry:
        lines = [{"item_id": line.item.item_id, "quantity": line.quantity} for line in command.lines]
        return {"op": "hold", "id": id_, "subject": command.customer_id, "lines": lines}

    def _named(self, op: str, command: Command, id_: str) -> Entry:
        return {"op": op, "id": id_, "subject": command.customer_id, "order_id": str(command.order_id)}

    def _held_or_why(self, command: HoldStock, answered: Answered) -> Reply:
        refused = refusal(answered, _DECISIONS)
        if refused is not None:
            return refused
        return Held(_prices(command, answered)) if isinstance(answered, Told) else answered


def hold_id(order_id: UUID) -> str:
    """Return the id of an order's hold: the same on every attempt, so that one whose answer was lost is found."""
    return f"{order_id}:hold"


def _prices(command: HoldStock, told: Told) -> tuple[Money, ...]:
    """Return what each line costs, in the command's order.

    Raises:
        Unreadable: there is not a price for each line, or for another quantity.
    """
    goods = read(told.body, _Goods)
    found = {(line.item_id, line.quantity): line.unit_price_minor for line in goods.lines}
    try:
        units = [found[line.item.item_id, line.quantity] for line in command.lines]
    except KeyError as error:
        raise Unreadable(f"no price of {error}") from error
    return tuple(money(unit * line.quantity, goods.currency) for unit, line in zip(units, command.lines, strict=True))
