"""Checkouts as an operator sees them: without a lease, and never past a worker's back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from trivet_order.adapters.sqlalchemy.checkouts import SqlAlchemyCheckouts
from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.saga_translation import claim_of, step_columns
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.statements import execute, fetch
from trivet_order.adapters.sqlalchemy.tables import sagas
from trivet_order.application import CheckoutRecord, OrderNotFound
from trivet_order.application.saga import Change, Claim, SagaState

_NAME = f"{statement('name_saga')}{statement('read_sagas')}"
_OPERATE = statement("operate_saga")


@dataclass(frozen=True, slots=True)
class SagaRow:
    """A line of the list; ``due_on`` is None if it has ended or is parked."""

    order_id: UUID
    state: str
    attempts: int
    parked: str | None
    created_on: datetime
    due_on: datetime | None
    ended_on: datetime | None


class SqlAlchemySagaOperations:
    """What an operator looks at and changes.

    Which race: a worker has the checkout in hand that is parked, or tried again, by hand. Why this guard: both compare
    the version that they read. If it were lost, a worker would go on with what an operator has parked, or write over
    its resumption.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, after: UUID | None, limit: int, *, states: Sequence[SagaState], parked: bool
    ) -> Sequence[SagaRow]:
        """Return checkouts in the order of their orders, from behind one on.

        Args:
            after: the order to go on from.
            limit: how many at most.
            states: only those that are in one of these; any if there is none.
            parked: only those that are parked.
        """
        columns = ("order_id", "state", "attempts", "parked", "created_at", "due_at", "ended_at")
        wanted = sa.select(*(sagas.c[name] for name in columns)).order_by(sagas.c.order_id).limit(limit)
        if after is not None:
            wanted = wanted.where(sagas.c.order_id > after)
        if states:
            wanted = wanted.where(sagas.c.state.in_([state.value for state in states]))
        if parked:
            wanted = wanted.where(sagas.c.parked_at.is_not(None))
        async with self._database.reading() as session:
            return [SagaRow(*row) for row in await session.execute(wanted)]

    async def show(self, order_id: UUID) -> CheckoutRecord:
        """Return one with its steps (OrderNotFound)."""
        async with self._database.reading() as session:
            return await SqlAlchemyCheckouts(session).checkout(order_id)

    async def find(self, order_id: UUID) -> Claim:
        """Return one as it is now, with what time that is (OrderNotFound)."""
        claim = claim_of(await fetch(self._database, _NAME, order_id))
        if not claim.found:
            raise OrderNotFound(order_id)
        return claim

    async def write(self, change: Change) -> bool:
        """Write what becomes of a saga, of whose order nothing changes; False if somebody else has written it since."""
        after, (_, _, *steps) = change.after, step_columns([change])
        written = await execute(
            self._database,
            _OPERATE,
            after.order_id,
            change.before.version,
            after.version,
            after.attempts,
            after.refusals,
            after.deadline_on,
            after.parked,
            change.due_in_s,
            *steps,
        )
        return written > 0
