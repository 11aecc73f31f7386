"""What goes over the wire. The models are strict: ``"1"``, ``1.5`` and ``true`` are no quantities."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from trivet_order.application import PAGE_MAX, LineView, OrderPage, OrderView, Wanted
from trivet_order.domain import LINES_MAX, QUANTITY_MAX, Money, OrderStatus, Seat, Stock

_BATCH = "batch"


def _not_reserved(name: str) -> str:
    if name == _BATCH:  # what acts on many at once is served at …/batch
        raise ValueError("batch is reserved")
    return name


OrderId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
    Field(description="A UUID in lower case.", examples=["01981f3c-8e5a-7c3d-9a43-3c1f6f0e2b11"]),
]
_OTHER_THAN_BATCH = AfterValidator(_not_reserved)
_NO_BATCH = {"not": {"const": _BATCH}}
ItemId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"),
    _OTHER_THAN_BATCH,
    Field(description="An item of the inventory.", examples=["front-row-7"], json_schema_extra=_NO_BATCH),
]
AccountId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"),
    _OTHER_THAN_BATCH,
    Field(description="The account that pays.", examples=["alice-eur"], json_schema_extra=_NO_BATCH),
]
ShowId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9-]{1,64}$"),
    _OTHER_THAN_BATCH,
    Field(description="The show.", examples=["hamlet"], json_schema_extra=_NO_BATCH),
]
HoldId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_:.-]{1,128}$"),
    _OTHER_THAN_BATCH,
    Field(description="A hold of seats of the show.", examples=["alice-1"], json_schema_extra=_NO_BATCH),
]
HoldToken = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$"),
    Field(description="The hold's secret, which proves that it is the customer's; it is never told again."),
]


class _Named(msgspec.Struct):
    id: str


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class StockLine(_Request):
    """So many units of an item."""

    item_id: ItemId
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX, examples=[1])]


class SeatLine(_Request):
    """The seats that the customer holds already, by one hold."""

    show_id: ShowId
    hold_id: HoldId
    token: HoldToken


class CreateOrder(_Request):
    """What is ordered, and the account that pays; a product stands on an order once."""

    account_id: AccountId
    lines: Annotated[list[StockLine | SeatLine], Field(min_length=1, max_length=LINES_MAX)]

    def wanted(self) -> tuple[Wanted, ...]:
        """Return the lines as the use case takes them."""
        return tuple(
            Wanted(Stock(line.item_id), line.quantity)
            if isinstance(line, StockLine)
            else Wanted(Seat(line.show_id, line.hold_id, line.token), 1)
            for line in self.lines
        )


class Page(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    before: OrderId | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(20, ge=1, le=PAGE_MAX, description="How many orders at most.")


class Price(BaseModel):
    """An amount of money."""

    amount_minor: int = Field(description="In minor units, e.g. cents.")
    currency: str = Field(description="ISO 4217, alphabetic.")


class OrderedStock(BaseModel):
    """A line of an item."""

    item_id: str
    quantity: int
    price: Price | None = Field(description="Of the whole line; null until its seller has said so.")


class OrderedSeats(BaseModel):
    """A line of seats."""

    show_id: str
    hold_id: str
    quantity: int
    price: Price | None = Field(description="Of the whole line; null until its seller has said so.")


class Order(BaseModel):
    """An order, and how far it has come."""

    id: OrderId
    customer_id: str
    account_id: str
    status: OrderStatus
    version: int = Field(description="How many events it has had.")
    lines: list[OrderedStock | OrderedSeats]
    total: Price | None = Field(description="Null until each line has its price.")
    cancellation_requested: bool = Field(
        description="Whether its end was asked for when something had been begun for it already."
    )
    cancel_reason: str | None


class Orders(BaseModel):
    """Orders, the newest first."""

    orders: list[Order]
    next: OrderId | None = Field(description="The cursor of the following page; null after the last.")


def order_body(view: OrderView) -> bytes:
    """Return an order's JSON; equal views are equal bytes."""
    return msgspec.json.encode(_order(view))


def order_id_of(body: bytes | memoryview) -> str:
    """Return which order it is whose JSON this is."""
    return msgspec.json.decode(body, type=_Named).id


def page_body(page: OrderPage) -> bytes:
    """Return a page's JSON."""
    found = {"orders": [_order(view) for view in page.orders], "next": None if page.next is None else str(page.next)}
    return msgspec.json.encode(found)


def _order(view: OrderView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "customer_id": view.customer_id,
        "account_id": view.account_id,
        "status": view.status,
        "version": view.version,
        "lines": [_line(line) for line in view.lines],
        "total": _price(view.total),
        "cancellation_requested": view.cancellation_requested,
        "cancel_reason": view.cancel_reason,
    }


def _line(line: LineView) -> dict[str, Any]:
    named = {"item_id": line.item_id} if line.item_id else {"show_id": line.show_id, "hold_id": line.hold_id}
    return {**named, "quantity": line.quantity, "price": _price(line.price)}


def _price(money: Money | None) -> dict[str, Any] | None:
    return None if money is None else {"amount_minor": money.amount_minor, "currency": money.currency}
