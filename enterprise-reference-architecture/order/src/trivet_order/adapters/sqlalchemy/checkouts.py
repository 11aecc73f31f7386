"""How checkouts stand, as they are recorded."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.tables import saga_steps, sagas
from trivet_order.application import CheckoutRecord, OrderNotFound, RecordedStep

_READ = (
    sa.select(
        sagas.c.state,
        sagas.c.attempts,
        sagas.c.reason,
        sagas.c.parked,
        saga_steps.c.event,
        saga_steps.c.state.label("then"),
        saga_steps.c.attempts.label("tries"),
        saga_steps.c.detail,
        saga_steps.c.at,
    )
    .join_from(sagas, saga_steps, sagas.c.order_id == saga_steps.c.order_id, isouter=True)
    .where(sagas.c.order_id == sa.bindparam("order_id"))
    .order_by(saga_steps.c.position, saga_steps.c.ordinal)
)


class SqlAlchemyCheckouts:
    """CheckoutsPort; a checkout and its steps are of one moment, for they are read in one statement."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def checkout(self, order_id: UUID) -> CheckoutRecord:
        """Return an order's checkout with its steps in their order (OrderNotFound)."""
        rows = (await self._session.execute(_READ, {"order_id": order_id})).all()
        if not rows:
            raise OrderNotFound(order_id)
        saga = rows[0]
        steps = (RecordedStep(row.event, row.then, row.tries, row.detail, row.at) for row in rows if row.event)
        return CheckoutRecord(order_id, saga.state, saga.attempts, saga.reason, saga.parked, tuple(steps))
