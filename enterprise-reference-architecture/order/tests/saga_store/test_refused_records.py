"""A row that a table of PostgreSQL refuses: its batch is refused whole, and a worker goes on with all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest
from order_contracts.saga_grounds import PACE, advanced, new_order
from order_contracts.samples import store
from sql_sagas import SqlSagas, opened

from trivet_order.adapters.memory import MemoryParticipants
from trivet_order.adapters.sqlalchemy.refusals import statement_refused
from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application import DataRefused
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import ENDS, Change, Orchestrator, Participants, SagaEvent
from trivet_order.domain import Money, OrderAggregate, Stock

ORDERS = 20
PRICE = Money(700, "EUR")
PATIENCE_S = 120
TOLD_BEFORE = """
INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body)
VALUES (gen_random_uuid(), $1, 2, 0, 'InventoryRequested', 1, now(), '')
"""
"""The order's second event is in the outbox already, which no order of ours leaves behind."""
STEP_BEFORE = (
    "INSERT INTO saga_steps (order_id, position, ordinal, event, state, attempts) VALUES ($1, 2, 1, 'x', 'x', 0)"
)
"""The saga's second version has a step already, so that not even its parking can be told."""
ONE = "SELECT status, state, sagas.version, parked FROM orders JOIN sagas ON order_id = id WHERE id = $1"


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


class Watcher:
    """SagaObserverPort: stops the worker once this many have ended, and somebody was told of another one."""

    def __init__(self, ends: int) -> None:
        self._left = ends
        self.stop: Callable[[], None]
        self.alarms: list[tuple[UUID, str]] = []
        self.unstorable_ones: list[tuple[UUID, str]] = []

    def holds(self, shards: int) -> None: ...
    def lost(self, lease: Lease, *, in_time: bool) -> None: ...
    def outdated(self, order_ids: Collection[UUID]) -> None: ...
    def away(self, error: Exception) -> None: ...

    def recorded(self, changes: Sequence[Change], seconds: float) -> None:
        assert seconds >= 0
        self._left -= sum(change.after.state in ENDS for change in changes)
        self._look()

    def parked(self, order_id: UUID, why: str) -> None:
        self.alarms.append((order_id, why))
        self._look()

    def unstorable(self, order_id: UUID, why: str) -> None:
        self.unstorable_ones.append((order_id, why))
        self._look()

    def _look(self) -> None:
        if self._left <= 0 and (self.alarms or self.unstorable_ones):
            self.stop()


async def accepted(ground: SqlSagas, participants: MemoryParticipants) -> list[UUID]:
    """Accept orders of an umbrella each."""
    participants.stock.add("umbrella", ORDERS, PRICE)
    orders = []
    for _ in range(ORDERS):
        order = OrderAggregate(uuid4(), customer_id=uuid4().hex, account_id=uuid4().hex)
        order.add_item(Stock("umbrella"), 1)
        order.place()
        participants.wallet.open(order.account_id, order.customer_id, PRICE)
        orders.append((await store(ground.units, order)).id)
    return orders


async def taken_through(ground: SqlSagas, participants: MemoryParticipants) -> Watcher:
    """Work until all but one have ended, and somebody was told of that one."""
    watcher = Watcher(ORDERS - 1)
    orchestrator = Orchestrator(
        ground.store(),
        ground.leases(),
        Participants(participants.stock, participants.seats, participants.wallet),
        time=InterruptibleTime(),
        observer=watcher,
        pace=replace(PACE, shards_a_turn=SHARDS),
        jitter=lambda: 0.5,
        failpoint=nothing,
    )
    watcher.stop = orchestrator.stop
    async with asyncio.timeout(PATIENCE_S):
        await orchestrator.run()
    return watcher


async def nothing(_: str) -> None:
    """Fail nowhere."""


async def test_one_whose_row_is_refused_is_parked_and_the_others_are_sold(url: str) -> None:
    async with opened(url) as (ground, _):
        poisoned, *others = await accepted(ground, participants := MemoryParticipants())
        await ground.rows(TOLD_BEFORE, poisoned)
        watcher = await taken_through(ground, participants)
        ((order_id, why),) = watcher.alarms
        assert order_id == poisoned
        assert why.startswith("a defect: begun: ")
        assert "outbox_aggregate_version" in why
        assert await ground.rows(ONE, poisoned) == [("Order Created", "created", 2, why)]
        assert [step.event for step in await ground.steps(poisoned)] == ["parked"]
        sold = await ground.rows("SELECT id FROM orders WHERE status = 'Order Confirmed'")
        assert {order_id for (order_id,) in sold} == set(others)


async def test_one_that_cannot_even_be_parked_is_told_of_and_the_others_are_sold(url: str) -> None:
    async with opened(url) as (ground, _):
        poisoned, *others = await accepted(ground, participants := MemoryParticipants())
        await ground.rows(STEP_BEFORE, poisoned)
        watcher = await taken_through(ground, participants)
        assert watcher.alarms == []
        ((order_id, why),) = watcher.unstorable_ones
        assert order_id == poisoned
        assert "saga_steps_pkey" in why
        assert await ground.rows(ONE, poisoned) == [("Order Created", "created", 1, None)]
        sold = await ground.rows("SELECT id FROM orders WHERE status = 'Order Confirmed'")
        assert {order_id for (order_id,) in sold} == set(others)


def out_of_range(change: Change) -> Change:
    """Return a change that the driver cannot send."""
    return replace(change, after=replace(change.after, attempts=2**31))


def never_due(change: Change) -> Change:
    """Return a change of which the server can compute no time."""
    return replace(change, due_in_s=1e300)


def not_due(change: Change) -> Change:
    """Return a change that a constraint of the table refuses: one that is going is due."""
    return replace(change, due_in_s=None)


@pytest.mark.parametrize("poison", [out_of_range, never_due, not_due])
async def test_a_batch_is_refused_whole_for_one_that_cannot_be_stored(
    url: str, poison: Callable[[Change], Change]
) -> None:
    async with opened(url) as (ground, _):
        for _ in range(3):
            await new_order(ground)
        leases = await ground.all_leases()
        found = (await ground.store().claim(leases, 10, [])).found
        good = [advanced(each, SagaEvent.BEGUN) for each in found]
        with pytest.raises(DataRefused) as refused:
            await ground.store().record(leases, [good[0], poison(good[1]), good[2]])
        assert "Failing row" not in str(refused.value)
        assert await ground.rows("SELECT 1 FROM saga_steps") == []
        assert await ground.store().record(leases, [good[0], good[2]]) == {
            good[0].before.order_id,
            good[2].before.order_id,
        }


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UndefinedTableError("no table"),
        asyncpg.DeadlockDetectedError("a deadlock"),
        asyncpg.SerializationError("somebody else"),
        asyncpg.QueryCanceledError("too slow"),
        asyncpg.DiskFullError("no room"),
    ],
)
def test_what_may_pass_is_not_taken_for_the_datas_fault(error: Exception) -> None:
    with pytest.raises(type(error)), statement_refused():
        raise error
