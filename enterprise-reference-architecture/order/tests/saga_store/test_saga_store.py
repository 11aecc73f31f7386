"""What PostgreSQL alone can show of checkouts: who waits for whom, what is written together, and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from order_contracts.saga_grounds import advanced, new_order
from order_contracts.samples import PRICES, cancel, change, placed, read, state, store, wish
from sql_sagas import SqlSagas, opened

from trivet_order.adapters.sqlalchemy.saga_translation import columns_of
from trivet_order.adapters.sqlalchemy.shard_leases import named
from trivet_order.adapters.sqlalchemy.sharding import SHARDS, shard_of
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import Change, Decision, Found, SagaEvent, SagaState, park
from trivet_order.domain import OrderStatus

WAITING_FOR_A_LOCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
HELD = Decision(SagaEvent.HELD, prices=PRICES)
SAGA = "SELECT state, version, attempts, reason, parked, due_at IS NULL, ended_at IS NULL FROM sagas"


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


async def until_one_waits_for_a_lock(connection: asyncpg.Connection) -> None:
    async with asyncio.timeout(60):
        while not await connection.fetchval(WAITING_FOR_A_LOCK):  # noqa: ASYNC110  - the server changes it
            await asyncio.sleep(0)


def whose(found: Sequence[Found]) -> list[UUID]:
    return [each.order.id for each in found]


def after(change: Change) -> Found:
    return Found(change.after, change.order)


async def one_in_hand(ground: SqlSagas) -> tuple[Sequence[Lease], Found]:
    await new_order(ground)
    leases = await ground.all_leases()
    (found,) = (await ground.store().claim(leases, 10, [])).found
    return leases, found


class TestAnOrdersOwnTransaction:
    async def test_a_checkout_is_there_with_its_order_and_is_due_at_once(self, url: str) -> None:
        async with opened(url) as (ground, _):
            order = await new_order(ground)
            claim = await ground.store().claim(await ground.all_leases(), 10, [])
            (found,) = claim.found
            assert state(found.order) == state(order)
            assert (found.saga.state, found.saga.version, found.saga.attempts) == (SagaState.CREATED, 1, 0)
            assert found.saga.shard == shard_of(order.id)
            (recorded,) = await ground.rows("SELECT created_at <= $1 FROM sagas", claim.now)
            assert recorded == (True,)

    async def test_an_order_that_is_cancelled_before_it_was_begun_ends_its_checkout(self, url: str) -> None:
        async with opened(url) as (ground, _):
            order = await new_order(ground)
            await change(ground.units, order.id, wish)
            assert await ground.rows(SAGA) == [
                ("cancelled", 2, 0, "the customer cancelled it", None, True, False),
            ]
            steps = "SELECT position, ordinal, event, state, attempts, detail FROM saga_steps"
            assert await ground.rows(steps) == [(2, 1, "cancel wished", "created", 0, None)]
            assert (await ground.store().claim(await ground.all_leases(), 10, [])).found == []

    async def test_an_order_that_is_accepted_and_cancelled_at_once_has_a_checkout_at_its_end(self, url: str) -> None:
        async with opened(url) as (ground, _):
            await store(ground.units, placed(), cancel)
            assert await ground.rows(SAGA) == [("cancelled", 1, 0, "sold out", None, True, False)]

    async def test_a_checkout_that_was_begun_is_its_workers_to_end(self, url: str) -> None:
        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            await ground.store().record(leases, [advanced(found, SagaEvent.BEGUN)])
            await change(ground.units, found.order.id, cancel)
            assert await ground.rows(SAGA) == [("holding", 2, 0, None, None, False, True)]

    async def test_a_wish_has_a_checkout_looked_at_at_once_but_not_one_that_is_parked(self, url: str) -> None:
        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            first = advanced(found, SagaEvent.BEGUN)
            await ground.store().record(leases, [first])
            assert (await ground.store().claim(leases, 10, [])).found == []
            await change(ground.units, found.order.id, wish)
            (again,) = (await ground.store().claim(leases, 10, [])).found
            assert again.order.cancellation_requested
            assert await ground.store().record(leases, [park(again, "by hand")]) == {found.order.id}
            assert (await ground.rows("SELECT due_at FROM sagas")) == [(None,)]

        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            await ground.store().record(leases, [first := advanced(found, SagaEvent.BEGUN)])
            await ground.store().record(leases, [park(after(first), "by hand")])
            await change(ground.units, found.order.id, wish)
            assert (await ground.rows("SELECT due_at, parked FROM sagas")) == [(None, "by hand")]


class TestARecord:
    async def test_everything_of_a_change_is_written(self, url: str) -> None:
        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            sagas, order_id = ground.store(), found.order.id
            assert await sagas.record(leases, [first := advanced(found, SagaEvent.BEGUN)]) == {order_id}
            assert await sagas.record(leases, [second := advanced(after(first), HELD)]) == {order_id}
            assert state(await read(ground.units, order_id)) == state(second.order)
            outbox = "SELECT aggregate_version, type, shard FROM outbox ORDER BY position"
            shard = shard_of(order_id)
            assert await ground.rows(outbox) == [
                (1, "OrderCreated", shard),
                (2, "InventoryRequested", shard),
                (3, "InventoryReserved", shard),
                (4, "PaymentRequested", shard),
            ]
            steps = "SELECT position, ordinal, event, state, attempts, detail FROM saga_steps ORDER BY position"
            assert await ground.rows(steps) == [
                (2, 1, "begun", "created", 0, None),
                (3, 1, "held", "holding", 0, None),
            ]
            (again,) = (await sagas.read(leases, [order_id])).found
            assert again.saga == second.after
            assert again.saga.deadline_on is not None

    async def test_a_text_that_no_column_takes_stops_nobody(self, url: str) -> None:
        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            sagas = ground.store()
            await sagas.record(leases, [first := advanced(found, SagaEvent.BEGUN)])
            bad = advanced(after(first), SagaEvent.NO_ANSWER)
            step = replace(bad.steps[0], detail="a\x00b\ud800" + "c" * 5000)
            bad = replace(bad, after=replace(bad.after, reason="\x00"), steps=[step])
            assert await sagas.record(leases, [bad]) == {found.order.id}
            ((detail,),) = await ground.rows("SELECT detail FROM saga_steps WHERE position = 3")
            assert detail.startswith("a\\x00b\\ud800ccc")
            assert len(detail) == 1000

    async def test_the_end_is_the_end_and_what_is_parked_waits_for_somebody(self, url: str) -> None:
        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            sagas = ground.store()
            await sagas.record(leases, [first := advanced(found, SagaEvent.BEGUN)])
            await sagas.record(leases, [second := park(after(first), "refused too often")])
            assert await ground.rows(SAGA) == [("holding", 3, 0, None, "refused too often", True, True)]
            going = Found(
                replace(second.after, parked=None, state=SagaState.RELEASING, reason="sold out"), second.order
            )
            await sagas.record(leases, [advanced(going, SagaEvent.RELEASED)])
            assert await ground.rows(SAGA) == [("cancelled", 4, 0, "sold out", None, True, False)]
            order = await read(ground.units, found.order.id)
            assert (order.status, order.cancel_reason) == (OrderStatus.ORDER_CANCELLED, "sold out")

    async def test_one_that_is_outdated_leaves_the_others_of_its_batch_alone(self, url: str) -> None:
        async with opened(url) as (ground, _):
            for _ in range(30):
                await new_order(ground)
            leases = await ground.all_leases()
            found = (await ground.store().claim(leases, 100, [])).found
            assert len(found) == 30
            wished, rewritten, lost = found[0], found[1], found[2]
            await change(ground.units, wished.order.id, wish)
            await ground.connection.execute("UPDATE sagas SET version = 9 WHERE order_id = $1", rewritten.order.id)
            kept = [lease for lease in leases if lease.shard != lost.saga.shard]
            unwritten = {wished.order.id, rewritten.order.id} | {
                each.order.id for each in found if each.saga.shard == lost.saga.shard
            }
            written = await ground.store().record(kept, [advanced(each, SagaEvent.BEGUN) for each in found])
            assert written == set(whose(found)) - unwritten
            moved = "SELECT id FROM orders WHERE status = 'Inventory Pending'"
            assert {order_id for (order_id,) in await ground.rows(moved)} == written
            for table, column in (("outbox", "aggregate_id"), ("saga_steps", "order_id")):
                of = f"SELECT DISTINCT {column} FROM {table} WHERE {column} = ANY ($1)"  # noqa: S608  - names of ours
                told = f"{of} AND {'type' if table == 'outbox' else 'event'} IN ('InventoryRequested', 'begun')"
                assert {order_id for (order_id,) in await ground.rows(told, whose(found))} == written

    async def test_nothing_is_written_but_under_a_lease_that_holds(self, url: str) -> None:
        async with opened(url) as (ground, _):
            leases, found = await one_in_hand(ground)
            first, before = advanced(found, SagaEvent.BEGUN), await ground.rows(SAGA)
            assert await ground.store("b").record(leases, [first]) == set()
            older = [Lease(lease.shard, lease.fence - 1) for lease in leases]
            assert await ground.store().record(older, [first]) == set()
            await ground.end_leases()
            assert await ground.store().record(leases, [first]) == set()
            assert await ground.rows(SAGA) == before
            assert await ground.rows("SELECT type FROM outbox") == [("OrderCreated",)]
            assert await ground.rows("SELECT 1 FROM saga_steps") == []
            again = await ground.all_leases()
            assert await ground.store().record(again, [first]) == {found.order.id}


class TestTwoAtOnce:
    async def test_a_shard_whose_record_is_being_committed_is_not_taken(self, url: str) -> None:
        async with opened(url) as (ground, other):
            leases, found = await one_in_hand(ground)
            async with other.transaction():
                mine = [lease for lease in leases if lease.shard == found.saga.shard]
                await other.execute(
                    statement("record_changes"), *named("a", mine), *columns_of([advanced(found, SagaEvent.BEGUN)])
                )
                await ground.end_leases_but(found.saga.shard)
                taken = await ground.leases("b").take(SHARDS, [])
                assert {each.shard for each in taken} == set(range(SHARDS)) - {found.saga.shard}

    async def test_whoever_evens_out_waits_for_a_record_that_has_every_shard(self, url: str) -> None:
        async with opened(url) as (ground, other):
            leases, _ = await one_in_hand(ground)
            async with asyncio.TaskGroup() as group, other.transaction():
                await other.execute("SELECT FROM saga_leases FOR SHARE")  # as a record locks those of its batch
                evening_out = group.create_task(ground.leases("b").rebalance([]))
                await until_one_waits_for_a_lock(ground.connection)
            (taken,) = evening_out.result()
            assert taken.fence == 2
            kept = await ground.leases().renew(leases)
            assert {lease.shard for lease in kept} == set(range(SHARDS)) - {taken.shard}

    async def test_a_record_waits_for_a_taking_and_then_writes_nothing(self, url: str) -> None:
        async with opened(url) as (ground, other):
            leases, found = await one_in_hand(ground)
            async with asyncio.TaskGroup() as group, other.transaction():
                await other.execute("UPDATE saga_leases SET until = clock_timestamp()")
                taken = await other.fetch(ground.leases()._take, "b", [], SHARDS, timedelta(seconds=60))
                assert len(taken) == SHARDS
                recording = group.create_task(ground.store().record(leases, [advanced(found, SagaEvent.BEGUN)]))
                await until_one_waits_for_a_lock(ground.connection)
            assert recording.result() == set()
            assert await ground.rows("SELECT status FROM orders") == [("Order Created",)]

    async def test_a_record_that_meets_a_cancellation_loses_or_the_cancellation_is_told(self, url: str) -> None:
        async with opened(url) as (ground, other):
            leases, found = await one_in_hand(ground)
            async with asyncio.TaskGroup() as group, other.transaction():
                locked = "UPDATE orders SET status = 'Order Cancelled', cancel_reason = 'x', version = 2"
                await other.execute(locked)
                recording = group.create_task(ground.store().record(leases, [advanced(found, SagaEvent.BEGUN)]))
                await until_one_waits_for_a_lock(ground.connection)
                await other.execute("UPDATE sagas SET version = 2")  # no deadlock: the record waits with nothing of it
            assert recording.result() == set()
            assert await ground.rows("SELECT type FROM outbox") == [("OrderCreated",)]

    async def test_rows_are_locked_in_one_order_whatever_the_batchs_is(self, url: str) -> None:
        """Two batches that have the same orders would else wait for each other in a circle."""
        async with opened(url) as (ground, other):
            first, second = sorted([(await new_order(ground)).id for _ in range(2)])
            leases = await ground.all_leases()
            found = {each.order.id: each for each in (await ground.store().claim(leases, 10, [])).found}
            backwards = [advanced(found[order_id], SagaEvent.BEGUN) for order_id in (second, first)]
            lock = "SELECT 1 FROM orders WHERE id = $1 FOR UPDATE NOWAIT"
            async with asyncio.TaskGroup() as group, other.transaction():
                await other.execute(lock, first)
                recording = group.create_task(ground.store().record(leases, backwards))
                await until_one_waits_for_a_lock(ground.connection)
                await other.execute(lock, second)
            assert recording.result() == {first, second}


class TestAClaim:
    async def test_nothing_is_claimed_but_under_a_lease_that_holds(self, url: str) -> None:
        async with opened(url) as (ground, _):
            order = await new_order(ground)
            leases, sagas = await ground.all_leases(), ground.store()
            elsewhere = [each for each in leases if each.shard != shard_of(order.id)]
            older = [Lease(each.shard, each.fence - 1) for each in leases]
            for mine in (elsewhere, older, []):
                assert (await sagas.claim(mine, 10, [])).found == []
                assert (await sagas.read(mine, [order.id])).found == []
            assert (await ground.store("b").claim(leases, 10, [])).found == []
            assert (await sagas.claim(leases, 10, [order.id])).found == []
            assert whose((await sagas.claim(leases, 10, [uuid4()])).found) == [order.id]
            await ground.end_leases()
            empty = await sagas.claim(leases, 10, [])
            assert empty.found == []
            assert empty.now.utcoffset() == timedelta(0)

    async def test_fresh_and_retrying_ones_share_a_claim(self, url: str) -> None:
        async with opened(url) as (ground, _):
            await ground.many(300, attempts=0, due_since_s=1000)
            await ground.many(300, attempts=3, due_since_s=10)
            leases = await ground.all_leases()
            found = (await ground.store().claim(leases, 40, [])).found
            assert [each.saga.attempts for each in found] == [0] * 20 + [3] * 20, "the longest due come first"
            await ground.connection.execute("UPDATE sagas SET due_at = 'infinity' WHERE attempts = 3")
            found = (await ground.store().claim(leases, 40, [])).found
            assert [each.saga.attempts for each in found] == [0] * 40, "what one kind leaves is the other's"

    async def test_a_claim_leaves_out_what_is_in_hand_however_much_it_is(self, url: str) -> None:
        async with opened(url) as (ground, _):
            await ground.many(500)
            leases, sagas = await ground.all_leases(), ground.store()
            seen: set[UUID] = set()
            while found := (await sagas.claim(leases, 64, seen)).found:
                assert seen.isdisjoint(whose(found))
                seen |= set(whose(found))
            assert len(seen) == 500
