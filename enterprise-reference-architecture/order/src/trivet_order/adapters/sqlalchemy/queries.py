"""Pages of orders, read outside of any transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.tables import order_lines, orders
from trivet_order.adapters.sqlalchemy.translation import ORDER_WITH_LINES, orders_of
from trivet_order.application import OrderView, view_of


class SqlAlchemyQueries:
    """Pages of orders by key: the cursor is the last order's id, so that a page costs what is on it, however deep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, customer_id: str, before: UUID | None, limit: int) -> Sequence[OrderView]:
        """Return a customer's orders, the newest first, from the one after ``before`` on.

        Raises:
            StoreUnavailable: definite; it was only read.
        """
        page = sa.select(orders.c.id).where(orders.c.customer_id == customer_id)
        if before is not None:
            page = page.where(orders.c.id < before)
        page = page.order_by(orders.c.id.desc()).limit(limit)
        query = ORDER_WITH_LINES.where(orders.c.id.in_(page)).order_by(orders.c.id.desc(), order_lines.c.position)
        async with self._database.reading() as session:
            return [view_of(order) for order in orders_of((await session.execute(query)).mappings())]
