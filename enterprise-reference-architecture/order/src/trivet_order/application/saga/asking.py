"""What a checkout asks in each state, and of whom: it follows from the order alone, so it is the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from trivet_order.application.saga.commands import (
    Charge,
    Command,
    ConfirmSeats,
    ConfirmStock,
    HoldStock,
    PinSeats,
    ReleaseSeats,
    ReleaseStock,
    StockLine,
    Void,
)
from trivet_order.application.saga.states import SagaState
from trivet_order.domain import OrderAggregate, Seat, Stock


class Side(Enum):
    """Who is asked."""

    STOCK = "stock"
    SEATS = "seats"
    WALLET = "wallet"


SIDES: Mapping[type[Command], Side] = MappingProxyType(
    {
        HoldStock: Side.STOCK,
        ConfirmStock: Side.STOCK,
        ReleaseStock: Side.STOCK,
        PinSeats: Side.SEATS,
        ConfirmSeats: Side.SEATS,
        ReleaseSeats: Side.SEATS,
        Charge: Side.WALLET,
        Void: Side.WALLET,
    }
)
"""Whose each command is."""


def commands_of(state: SagaState, order: OrderAggregate) -> tuple[Command, ...]:
    """Return what is asked in a state; nothing where nobody is.

    The order is as it stands in that state: where it is to be charged its prices are fixed.
    """
    if state is SagaState.CHARGING:
        if order.total is None:
            raise ValueError(f"{order!r} has no total to charge")
        return (Charge(order.id, order.customer_id, order.account_id, order.total),)
    if state is SagaState.VOIDING:
        return (Void(order.id, order.customer_id),)
    asks = _ASKS.get(state)
    return asks(order) if asks else ()


def _hold(order: OrderAggregate) -> tuple[Command, ...]:
    asked: list[Command] = []
    lines = tuple(StockLine(line.product, line.quantity) for line in order.items if isinstance(line.product, Stock))
    seats = _seats(order)
    if lines:
        asked.append(HoldStock(order.id, order.customer_id, lines))
    if seats:
        asked.append(PinSeats(order.id, order.customer_id, seats))
    return tuple(asked)


def _confirm(order: OrderAggregate) -> tuple[Command, ...]:
    asked: list[Command] = []
    seats = _seats(order)
    if len(seats) < len(order.items):
        asked.append(ConfirmStock(order.id, order.customer_id))
    if seats:
        asked.append(ConfirmSeats(order.id, order.customer_id, seats))
    return tuple(asked)


def _release(order: OrderAggregate) -> tuple[Command, ...]:
    asked: list[Command] = []
    seats = _seats(order)
    if len(seats) < len(order.items):
        asked.append(ReleaseStock(order.id, order.customer_id))
    if seats:
        asked.append(ReleaseSeats(order.id, order.customer_id, seats))
    return tuple(asked)


def _seats(order: OrderAggregate) -> tuple[Seat, ...]:
    return tuple(line.product for line in order.items if isinstance(line.product, Seat))


_ASKS = MappingProxyType({SagaState.HOLDING: _hold, SagaState.CONFIRMING: _confirm, SagaState.RELEASING: _release})
