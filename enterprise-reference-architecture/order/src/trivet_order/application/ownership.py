"""Whose an order is."""

from __future__ import annotations

from trivet_order.application.errors import OrderNotFound
from trivet_order.domain import OrderAggregate


def theirs(order: OrderAggregate, customer_id: str) -> OrderAggregate:
    """Return the order if it is this customer's.

    Raises:
        OrderNotFound: it is another's, which is nobody's business to know.
    """
    if order.customer_id != customer_id:
        raise OrderNotFound(order.id)
    return order
