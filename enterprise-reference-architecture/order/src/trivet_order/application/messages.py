"""The published language: how an event is told to everybody, and how what was told once is read for ever.

A message is one JSON object::

    {"type": "OrderCreated", "version": 1, "event_id": uuid, "aggregate_id": uuid, "aggregate_version": 1,
     "occurred_on": "2026-01-31T12:00:00.000000Z", "traceparent": "00-…" or null, "data": {…}}

``version`` is that of the type's shape. What a reader may rely on never changes within one; a shape that cannot be
read as the one before gets the next number, and the reader of the old one stays (``_READERS``). Secrets are not told:
a seat's token is left out, and what is read back has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from trivet_order.application import fields
from trivet_order.domain import (
    CancellationRequested,
    InventoryRequested,
    InventoryReserved,
    Money,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderError,
    OrderEvent,
    OrderLine,
    PaymentRequested,
    Product,
    Seat,
    Stock,
)

UNTOLD = "untold"
"""What stands for a seat's token in an event that was read back."""


class UnreadableMessage(Exception):
    """A message is none of ours: no JSON, of an unknown type or version, or without what its version must have.

    It will never be readable by this release, so it is put aside and shown, not tried again.
    """


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is told; ``body`` is what goes over the wire, byte for byte as it was committed."""

    event_id: UUID
    aggregate_id: UUID
    aggregate_version: int
    type: str
    version: int
    occurred_on: datetime
    traceparent: str | None
    body: bytes

    @property
    def data(self) -> Mapping[str, Any]:
        """What the event says beside what every event says."""
        found = json.loads(self.body)["data"]
        if not isinstance(found, dict):
            raise TypeError("data is no object")
        return found


VERSIONS: Mapping[type[OrderEvent], int] = MappingProxyType(
    {
        OrderCreated: 1,
        InventoryRequested: 1,
        InventoryReserved: 1,
        PaymentRequested: 1,
        OrderConfirmed: 1,
        CancellationRequested: 1,
        OrderCancelled: 1,
    }
)
"""The version in which each event is written today."""


def tell(event: OrderEvent, traceparent: str | None = None) -> Message:
    """Return the message of an event, in today's version."""
    kind, version = type(event), VERSIONS[type(event)]
    body = {
        "type": kind.__name__,
        "version": version,
        "event_id": str(event.event_id),
        "aggregate_id": str(event.aggregate_id),
        "aggregate_version": event.aggregate_version,
        "occurred_on": fields.written(event.occurred_on),
        "traceparent": traceparent,
        "data": _data(event),
    }
    return Message(
        event.event_id,
        event.aggregate_id,
        event.aggregate_version,
        kind.__name__,
        version,
        event.occurred_on,
        traceparent,
        json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
    )


def read(body: bytes) -> Message:
    """Return a message that came over the wire.

    Raises:
        UnreadableMessage: it is none, or of a type or version that nobody here knows.
    """
    try:
        found = json.loads(body.decode(), parse_constant=_refuse)
        message = Message(
            fields.uuid(found, "event_id"),
            fields.uuid(found, "aggregate_id"),
            fields.whole(found, "aggregate_version"),
            fields.text(found, "type"),
            fields.whole(found, "version"),
            fields.instant(found, "occurred_on"),
            None if found["traceparent"] is None else fields.text(found, "traceparent"),
            body,
        )
    except _NOT_OURS as error:
        raise UnreadableMessage(f"no message: {error!r:.200}") from error
    event_of(message)
    return message


def event_of(message: Message) -> OrderEvent:
    """Return the event that a message tells of, whichever version it was written in.

    Raises:
        UnreadableMessage: nobody knows its type and version, or it lacks what that version must have.
    """
    reader = _READERS.get((message.type, message.version))
    if reader is None:
        raise UnreadableMessage(f"nobody reads {message.type!r:.100} in version {message.version}")
    every = {
        "event_id": message.event_id,
        "occurred_on": message.occurred_on,
        "aggregate_id": message.aggregate_id,
        "aggregate_version": message.aggregate_version,
    }
    try:
        return reader(every, message.data)
    except _NOT_OURS as error:
        raise UnreadableMessage(f"{message.type} in version {message.version}: {error!r:.200}") from error


# What reading raises of bytes that are no message of ours, however they came about: a stranger who found a way past
# this list would stop every reader behind it.
_NOT_OURS = (ValueError, KeyError, TypeError, RecursionError, OrderError)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _data(event: OrderEvent) -> dict[str, Any]:
    match event:
        case OrderCreated():
            lines = [_line(line) for line in event.items]
            return {"customer_id": event.customer_id, "account_id": event.account_id, "lines": lines}
        case InventoryReserved():
            return {"prices": [_money(price) for price in event.prices], "total": _money(event.total)}
        case PaymentRequested() | OrderConfirmed():
            return {"total": _money(event.total)}
        case OrderCancelled():
            return {"reason": event.reason}
        case InventoryRequested() | CancellationRequested():
            return {}
    raise TypeError(f"nobody tells of {type(event).__name__}")


def _line(line: OrderLine) -> dict[str, Any]:
    match line.product:
        case Stock(item_id):
            return {"item_id": item_id, "quantity": line.quantity}
        case Seat(show_id, hold_id):
            return {"show_id": show_id, "hold_id": hold_id, "quantity": line.quantity}


def _money(money: Money) -> dict[str, Any]:
    return {"amount_minor": money.amount_minor, "currency": money.currency}


def _read_line(data: Mapping[str, Any]) -> OrderLine:
    product: Product
    product = Stock(data["item_id"]) if "item_id" in data else Seat(data["show_id"], data["hold_id"], UNTOLD)
    return OrderLine(product, data["quantity"])


def _read_money(data: Mapping[str, Any]) -> Money:
    return Money(data["amount_minor"], data["currency"])


_Reader = Callable[[Mapping[str, Any], Mapping[str, Any]], OrderEvent]
_READERS: Mapping[tuple[str, int], _Reader] = MappingProxyType(
    {
        ("OrderCreated", 1): lambda every, data: OrderCreated(
            **every,
            customer_id=fields.text(data, "customer_id"),
            account_id=fields.text(data, "account_id"),
            items=tuple(_read_line(line) for line in fields.objects(data, "lines")),
        ),
        ("InventoryRequested", 1): lambda every, _: InventoryRequested(**every),
        ("InventoryReserved", 1): lambda every, data: InventoryReserved(
            **every,
            prices=tuple(_read_money(price) for price in fields.objects(data, "prices")),
            total=_read_money(data["total"]),
        ),
        ("PaymentRequested", 1): lambda every, data: PaymentRequested(**every, total=_read_money(data["total"])),
        ("OrderConfirmed", 1): lambda every, data: OrderConfirmed(**every, total=_read_money(data["total"])),
        ("CancellationRequested", 1): lambda every, _: CancellationRequested(**every),
        ("OrderCancelled", 1): lambda every, data: OrderCancelled(**every, reason=fields.text(data, "reason")),
    }
)
