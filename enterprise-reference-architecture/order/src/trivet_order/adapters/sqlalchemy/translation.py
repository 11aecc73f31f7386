"""Rows into orders and orders into rows, by hand: the domain knows of no table, and no table is shaped by a class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Protocol

import sqlalchemy as sa

from trivet_order.adapters.sqlalchemy.tables import order_lines, orders
from trivet_order.domain import Money, OrderAggregate, OrderLine, OrderStatus, Product, Seat, Stock

ORDER_WITH_LINES = sa.select(
    orders.c.id,
    orders.c.customer_id,
    orders.c.account_id,
    orders.c.status,
    orders.c.version,
    orders.c.cancellation_requested,
    orders.c.cancel_reason,
    order_lines.c.item_id,
    order_lines.c.show_id,
    order_lines.c.hold_id,
    order_lines.c.token,
    order_lines.c.quantity,
    order_lines.c.price_minor,
    order_lines.c.currency,
).join_from(orders, order_lines, orders.c.id == order_lines.c.order_id)
"""A row a line, which has its order's facts too: an order is read whole, of one moment, in one statement."""


class Facts(Protocol):
    """A row by its columns' names, whoever read it."""

    def __getitem__(self, name: str, /) -> Any:
        """Return what a column says."""


def orders_of(rows: Iterable[Facts]) -> list[OrderAggregate]:
    """Return the orders of rows that stand together by order, and in each in the order of its lines."""
    return [order_of(list(lines)) for _, lines in groupby(rows, key=lambda row: row["id"])]


def order_of(rows: Sequence[Facts]) -> OrderAggregate:
    """Return the order of its rows, one a line."""
    order = rows[0]
    return OrderAggregate(
        order["id"],
        [_line_of(row) for row in rows],
        OrderStatus(order["status"]),
        customer_id=order["customer_id"],
        account_id=order["account_id"],
        version=order["version"],
        cancellation_requested=order["cancellation_requested"],
        cancel_reason=order["cancel_reason"],
    )


def order_row(order: OrderAggregate) -> dict[str, Any]:
    """Return what ``orders`` says of an order."""
    return {
        "id": order.id,
        "customer_id": order.customer_id,
        "account_id": order.account_id,
        **changing_columns(order),
    }


def changing_columns(order: OrderAggregate) -> dict[str, Any]:
    """Return what of it changes in an order's life."""
    return {
        "status": order.status.value,
        "version": order.version,
        "cancellation_requested": order.cancellation_requested,
        "cancel_reason": order.cancel_reason,
    }


def line_columns(lines: Sequence[OrderLine]) -> dict[str, list[Any]]:
    """Return the lines by column, as ``insert_order_lines.sql`` takes them."""
    products = [line.product for line in lines]
    seats = [product if isinstance(product, Seat) else None for product in products]
    return {
        "item_ids": [product.item_id if isinstance(product, Stock) else None for product in products],
        "show_ids": [seat and seat.show_id for seat in seats],
        "hold_ids": [seat and seat.hold_id for seat in seats],
        "tokens": [seat and seat.token for seat in seats],
        "quantities": [line.quantity for line in lines],
        **price_columns(lines),
    }


def price_columns(lines: Sequence[OrderLine]) -> dict[str, list[Any]]:
    """Return what the lines cost by column, as ``price_order_lines.sql`` takes it."""
    return {
        "prices_minor": [line.price and line.price.amount_minor for line in lines],
        "currencies": [line.price and line.price.currency for line in lines],
    }


def _line_of(row: Facts) -> OrderLine:
    item_id, price_minor = row["item_id"], row["price_minor"]
    product: Product = Stock(item_id) if item_id is not None else Seat(row["show_id"], row["hold_id"], row["token"])
    price = None if price_minor is None else Money(price_minor, row["currency"])
    return OrderLine(product, row["quantity"], price)
