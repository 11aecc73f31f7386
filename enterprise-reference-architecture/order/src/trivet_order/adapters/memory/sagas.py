"""The sagas with their orders in memory, as a worker sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from trivet_order.adapters.memory.repository import copy_of
from trivet_order.adapters.memory.saga_table import SagaRow
from trivet_order.adapters.memory.store import MemoryStore
from trivet_order.application import tell
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import Change, Claim, Found


class MemorySagaStore:
    """Implements ``SagaStorePort``, on the orders and the outbox that the units of work write."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def claim(self, leases: Sequence[Lease], limit: int, in_hand: Collection[UUID]) -> Claim:
        """Return sagas that are due, the longest due first; fresh and retrying ones get half of the limit each."""
        now, holding = self._store.now(), self._store.sagas.leases.holding(leases)
        due = sorted(
            (
                (row.due_on, row)
                for order_id, row in self._store.sagas.rows.items()
                if row.due_on is not None
                and row.due_on <= now
                and row.saga.shard in holding
                and order_id not in in_hand
            ),
            key=lambda each: each[0],
        )
        fresh = [row for _, row in due if not row.saga.attempts]
        retrying = [row for _, row in due if row.saga.attempts]
        for_retrying = min(len(retrying), limit - min(len(fresh), limit - limit // 2))
        taken = fresh[: limit - for_retrying] + retrying[:for_retrying]
        return Claim(now, [self._found(row) for row in taken])

    async def read(self, leases: Sequence[Lease], order_ids: Collection[UUID]) -> Claim:
        """Return these, as they are now, those of shards whose lease holds."""
        holding = self._store.sagas.leases.holding(leases)
        rows = [self._store.sagas.rows[order_id] for order_id in order_ids if order_id in self._store.sagas.rows]
        return Claim(self._store.now(), [self._found(row) for row in rows if row.saga.shard in holding])

    async def record(self, leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        """Write each change whose lease, saga and order are what it was decided on; return whose were written.

        The rows of the orders are locked in the order of ids, as a database would: what an open transaction has
        written of one is waited for.
        """
        locked = [self._store.rows[order_id] for order_id in sorted({change.before.order_id for change in changes})]
        taken = 0
        try:
            for row in locked:
                await row.acquire()
                taken += 1
            now, holding = self._store.now(), self._store.sagas.leases.holding(leases)
            return {change.before.order_id for change in changes if self._write(change, holding, now)}
        finally:
            for row in locked[:taken]:
                row.release()

    def _write(self, change: Change, holding: Collection[int], now: datetime) -> bool:
        order_id = change.before.order_id
        row, order = self._store.sagas.rows.get(order_id), self._store.orders.get(order_id)
        if row is None or order is None or not self._is_current(change, row, holding):
            return False
        if order.version != change.order_version:
            return False
        if change.events:
            self._store.orders[order_id] = copy_of(change.order)
            self._store.outbox += [tell(event) for event in change.events]
        row.saga = change.after
        row.due_on = None if change.due_in_s is None else now + timedelta(seconds=change.due_in_s)
        row.steps += change.steps
        return True

    def _is_current(self, change: Change, row: SagaRow, holding: Collection[int]) -> bool:
        return row.saga.shard in holding and row.saga.version == change.before.version

    def _found(self, row: SagaRow) -> Found:
        return Found(row.saga, copy_of(self._store.orders[row.saga.order_id]))
