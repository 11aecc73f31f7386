"""Orders in PostgreSQL; of two who change one order at the same time the second is told."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.tables import order_lines, orders
from trivet_order.adapters.sqlalchemy.translation import (
    ORDER_WITH_LINES,
    changing_columns,
    line_columns,
    order_row,
    orders_of,
    price_columns,
)
from trivet_order.application import OrderChanged, OrderNotFound
from trivet_order.domain import OrderAggregate, OrderLine

_READ = ORDER_WITH_LINES.where(orders.c.id == sa.bindparam("order_id")).order_by(order_lines.c.position)
_INSERT = insert(orders).on_conflict_do_nothing(index_elements=[orders.c.id])
_INSERT_LINES = sa.text(statement("insert_order_lines"))
_UPDATE = (
    sa.update(orders)
    .where(orders.c.id == sa.bindparam("order_id"), orders.c.version == sa.bindparam("read_version"))
    .values(updated_at=sa.func.clock_timestamp())
)
_PRICE_LINES = sa.text(statement("price_order_lines"))


class SqlAlchemyRepository:
    """Stores orders in the transaction of its session, and remembers the version of each that it gave out.

    Which race: two transactions read one order at one version, and each writes what it made of it. Why this guard: the
    UPDATE names the version that was read, so the second one, which waited for the first one's row, finds none to
    update. If it were lost, the second would write over what the first had done, and two events would claim to be the
    order's next.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        # By the very object: of two that were read of one order, each was read at a version of its own.
        self._read: WeakKeyDictionary[OrderAggregate, tuple[int, tuple[OrderLine, ...]]] = WeakKeyDictionary()

    async def save(self, order: OrderAggregate) -> None:
        """Store an order, one that is new or one that was read here.

        Raises:
            OrderChanged: it was changed since it was read, or an order of its id is there already.
        """
        read = self._read.get(order)
        if read is None:
            await self._insert(order)
        else:
            await self._update(order, *read)
        self._read[order] = order.version, order.items

    async def get_by_id(self, id: UUID) -> OrderAggregate:  # noqa: A002  - the port's name
        """Return an order as it is stored.

        Raises:
            OrderNotFound: there is none.
        """
        found = orders_of((await self._session.execute(_READ, {"order_id": id})).mappings())
        if not found:
            raise OrderNotFound(id)
        (order,) = found
        self._read[order] = order.version, order.items
        return order

    async def _insert(self, order: OrderAggregate) -> None:
        if not await self._touched(_INSERT, order_row(order)):
            raise OrderChanged(order.id, 0)
        await self._session.execute(_INSERT_LINES, {"order_id": order.id, **line_columns(order.items)})

    async def _update(self, order: OrderAggregate, version: int, lines: tuple[OrderLine, ...]) -> None:
        named = {"order_id": order.id, "read_version": version}
        if not await self._touched(_UPDATE, named | changing_columns(order)):
            raise OrderChanged(order.id, version)
        if order.items != lines:  # of a placed order's lines nothing changes but what they cost
            await self._session.execute(_PRICE_LINES, {"order_id": order.id, **price_columns(order.items)})

    async def _touched(self, query: sa.Executable, values: dict[str, Any]) -> bool:
        result = cast("sa.CursorResult[Any]", await self._session.execute(query, values))
        return result.rowcount == 1
