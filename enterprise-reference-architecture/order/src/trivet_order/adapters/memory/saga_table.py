"""The sagas' own table in memory: what each is, when it is due, and its history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID
from zlib import crc32

from trivet_order.adapters.memory.shard_leases import LeaseTable
from trivet_order.application.saga import Saga, SagaEvent, SagaState, Step
from trivet_order.domain import CancellationRequested, OrderCancelled, OrderCreated, OrderEvent


@dataclass(slots=True)
class SagaRow:
    """A saga; ``due_on`` is None when it has ended or is parked."""

    saga: Saga
    due_on: datetime | None
    steps: list[Step] = field(default_factory=list)


class SagaTable:
    """All sagas, and the leases of their shards."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.rows: dict[UUID, SagaRow] = {}
        self.leases = LeaseTable(now)

    def hear(self, event: OrderEvent) -> None:
        """Change an order's saga as an event demands that a use case has published: in the transaction of both."""
        order_id = event.aggregate_id
        if isinstance(event, OrderCreated):
            shard = crc32(order_id.bytes) % len(self.leases.rows)
            self.rows[order_id] = SagaRow(Saga(order_id, SagaState.CREATED, 1, shard), self._now())
            return
        row = self.rows.get(order_id)
        if row is None:
            return
        saga = row.saga
        if isinstance(event, CancellationRequested) and row.due_on is not None:
            row.due_on = min(row.due_on, self._now())
        elif isinstance(event, OrderCancelled) and saga.state is SagaState.CREATED:
            row.steps.append(Step(SagaEvent.CANCEL_WISHED, saga.state, saga.attempts))
            row.saga = replace(saga, state=SagaState.CANCELLED, version=saga.version + 1, reason=event.reason)
            row.due_on = None
