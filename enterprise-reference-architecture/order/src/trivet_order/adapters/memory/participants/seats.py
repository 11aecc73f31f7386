"""Reservation in memory: what an order finds held, and pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trivet_order.adapters.memory.participants.ledgers import Ledgers, SeatEntry
from trivet_order.application.saga import (
    Command,
    ConfirmSeats,
    Held,
    PinSeats,
    Refused,
    Rejected,
    Released,
    ReleaseSeats,
    Reply,
    Sold,
)
from trivet_order.domain import Money, Seat


@dataclass(slots=True)
class _SeatHold:
    customer_id: str
    token: str
    price: Money
    state: str = "held"
    order_id: UUID | None = None


class MemorySeats:
    """Implements ``ParticipantPort`` for seats."""

    def __init__(self, ledgers: Ledgers) -> None:
        self._ledgers = ledgers
        self._holds: dict[tuple[str, str], _SeatHold] = {}
        self._tombstones: set[tuple[str, str, UUID]] = set()

    def hold(self, customer_id: str, seat: Seat, price: Money) -> None:
        """Let a customer hold seats, as one does before one orders them."""
        self._holds[seat.show_id, seat.hold_id] = _SeatHold(customer_id, seat.token, price)

    def expire(self, seat: Seat) -> None:
        """Let a hold expire, unless an order pinned it."""
        hold = self._holds.get((seat.show_id, seat.hold_id))
        if hold is not None and hold.state == "held":
            hold.state = "expired"

    def pinned(self) -> set[UUID]:
        """Return the orders that something is pinned for."""
        return {hold.order_id for hold in self._holds.values() if hold.state == "pinned" and hold.order_id}

    def ready_in_s(self) -> float:
        """It is always ready."""
        return 0.0

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Do each, one after the other."""
        return [self._do(command) for command in commands]

    def _do(self, command: Command) -> Reply:
        match command:
            case PinSeats(order_id, customer_id, seats):
                return _together([self._pin(order_id, customer_id, seat) for seat in seats])
            case ConfirmSeats(order_id, _, seats):
                return _together([self._confirm(order_id, seat) for seat in seats])
            case ReleaseSeats(order_id, _, seats):
                return _together([self._release(order_id, seat) for seat in seats])
        return Rejected("invalid-request", f"{type(command).__name__} is nothing to ask of Reservation")

    def _pin(self, order_id: UUID, customer_id: str, seat: Seat) -> Reply:
        hold = self._holds.get((seat.show_id, seat.hold_id))
        if (seat.show_id, seat.hold_id, order_id) in self._tombstones:
            return Refused("hold-released", "it was released")
        if hold is None or hold.state == "expired":
            return Refused("hold-expired", "the hold is over")
        if hold.order_id not in {None, order_id}:
            return Refused("already-held", "another order has it")
        if (hold.customer_id, hold.token) != (customer_id, seat.token):
            return Refused("forbidden", "it is somebody else's")
        if hold.state == "held":
            hold.state, hold.order_id = "pinned", order_id
            self._enter(order_id, "pinned", seat)
        return Held((hold.price,))

    def _confirm(self, order_id: UUID, seat: Seat) -> Reply:
        hold = self._holds.get((seat.show_id, seat.hold_id))
        if hold is None or hold.order_id != order_id:
            return Refused("hold-expired", "nothing is pinned")
        if hold.state == "pinned":
            hold.state = "sold"
            self._enter(order_id, "sold", seat)
        return Sold()

    def _release(self, order_id: UUID, seat: Seat) -> Reply:
        hold = self._holds.get((seat.show_id, seat.hold_id))
        if hold is not None and hold.order_id == order_id:
            if hold.state == "sold":
                return Refused("too-late", "it is sold")
            hold.state, hold.order_id = "expired", None
            self._enter(order_id, "returned", seat)
        self._tombstones.add((seat.show_id, seat.hold_id, order_id))
        return Released()

    def _enter(self, order_id: UUID, kind: str, seat: Seat) -> None:
        place = self._ledgers.next_place()
        self._ledgers.seats.append(SeatEntry(place, order_id, kind, seat.show_id, seat.hold_id))


def _together(replies: Sequence[Reply]) -> Reply:
    """Return one reply of several: the first that is none of success, or all prices."""
    for reply in replies:
        if not isinstance(reply, Held | Sold | Released):
            return reply
    prices = tuple(price for reply in replies if isinstance(reply, Held) for price in reply.prices)
    return Held(prices) if prices else replies[0]
