"""What the store of sagas does, whatever it is written to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from order_contracts.saga_grounds import SagaGround, advanced, claimed, new_order, row_of
from order_contracts.samples import PRICES, begin, change, read, state, wish
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import Change, Decision, Found, SagaEvent, SagaState, Step, park
from trivet_order.domain import OrderError, OrderStatus

MANY = 1_000


class SagaStoreContract:
    """What is claimed is due and the claimer's; what is recorded was decided on what is there, and is written whole."""

    @pytest.fixture
    def sagas(self) -> SagaGround:
        raise NotImplementedError

    async def test_an_accepted_order_has_a_saga_that_is_due(self, sagas: SagaGround) -> None:
        order = await new_order(sagas)
        found = row_of(await claimed(sagas), order.id)
        assert (found.saga.state, found.saga.version, found.saga.attempts) == (SagaState.CREATED, 1, 0)
        assert (found.saga.deadline_on, found.saga.reason, found.saga.parked) == (None, None, None)
        assert state(found.order) == state(order)

    async def test_nothing_is_claimed_or_read_but_under_a_lease_that_holds(self, sagas: SagaGround) -> None:
        order = await new_order(sagas)
        leases = await sagas.all_leases("a")
        store = sagas.store("a")
        shard = row_of((await store.claim(leases, MANY, ())).found, order.id).saga.shard
        under = [
            [],
            [lease for lease in leases if lease.shard != shard],
            [Lease(lease.shard, lease.fence + 1) for lease in leases],
        ]
        for each in under:
            assert order.id not in ids((await store.claim(each, MANY, ())).found)
            assert ids((await store.read(each, [order.id])).found) == []
        assert ids((await store.read(leases, [order.id])).found) == [order.id]
        await sagas.end_leases()
        assert ids((await store.claim(leases, MANY, ())).found) == []
        assert ids((await store.read(leases, [order.id])).found) == []

    async def test_the_time_is_aware_and_grows(self, sagas: SagaGround) -> None:
        leases = await sagas.all_leases("a")
        first = (await sagas.store("a").claim(leases, 1, ())).now
        second = (await sagas.store("a").read(leases, ())).now
        assert first.utcoffset() == timedelta(0)
        assert first <= second

    async def test_to_claim_is_to_read(self, sagas: SagaGround) -> None:
        order = await new_order(sagas)
        for _ in range(2):
            found = row_of(await claimed(sagas), order.id)
            assert found.saga.version == 1

    async def test_what_is_in_hand_is_left_out(self, sagas: SagaGround) -> None:
        mine, other = await new_order(sagas), await new_order(sagas)
        found = await claimed(sagas, in_hand={mine.id})
        assert mine.id not in ids(found)
        assert other.id in ids(found)

    async def test_the_longest_due_come_first(self, sagas: SagaGround) -> None:
        orders = [await new_order(sagas) for _ in range(5)]
        assert [each for each in ids(await claimed(sagas)) if each in {order.id for order in orders}] == [
            order.id for order in orders
        ]
        await sagas.empty()
        orders = [await new_order(sagas) for _ in range(5)]
        assert ids(await claimed(sagas, limit=3)) == [order.id for order in orders[:3]]

    async def test_fresh_and_retrying_ones_get_half_each_and_what_the_other_leaves(self, sagas: SagaGround) -> None:
        await sagas.empty()
        retrying = [await self._retrying(sagas) for _ in range(6)]
        fresh = [(await new_order(sagas)).id for _ in range(6)]
        assert sorted(ids(await claimed(sagas, limit=4))) == sorted([*fresh[:2], *retrying[:2]])
        assert sorted(ids(await claimed(sagas, limit=8, in_hand=set(fresh[1:])))) == sorted([fresh[0], *retrying])
        assert sorted(ids(await claimed(sagas, limit=8, in_hand=set(retrying[1:])))) == sorted([retrying[0], *fresh])
        assert len(await claimed(sagas, limit=1)) == 1
        assert sorted(ids(await claimed(sagas, limit=100))) == sorted([*fresh, *retrying])

    async def test_what_is_recorded_is_there_with_its_order_its_events_and_its_steps(self, sagas: SagaGround) -> None:
        order = await new_order(sagas)
        found = row_of(await claimed(sagas), order.id)
        begun = advanced(found, SagaEvent.BEGUN)
        assert set(await self._record(sagas, begun)) == {order.id}
        held = advanced(await self._now(sagas, order.id), Decision(SagaEvent.HELD, prices=PRICES))
        assert set(await self._record(sagas, held)) == {order.id}
        after = await self._now(sagas, order.id)
        assert after.saga == held.after
        assert (after.saga.state, after.saga.version) == (SagaState.CHARGING, 3)
        assert after.saga.deadline_on is not None
        assert (after.order.status, after.order.version) == (OrderStatus.PAYMENT_PENDING, 4)
        assert state(after.order) == state(held.order) == state(await read(sagas.units, order.id))
        assert [message.type for message in await sagas.published(order.id)] == [
            "OrderCreated",
            "InventoryRequested",
            "InventoryReserved",
            "PaymentRequested",
        ]
        assert list(await sagas.steps(order.id)) == [
            Step("begun", SagaState.CREATED, 0),
            Step("held", SagaState.HOLDING, 0),
        ]

    async def test_every_field_of_a_saga_comes_back(self, sagas: SagaGround) -> None:
        found = await self._holding(sagas)
        now = (await sagas.store("a").read((), ())).now
        after = replace(
            found.saga,
            state=SagaState.RELEASING,
            version=found.saga.version + 1,
            attempts=7,
            refusals=3,
            deadline_on=now + timedelta(seconds=1),
            reason="sold out – ausverkauft",
            parked="nobody's at home",
        )
        steps = (Step("refused", SagaState.HOLDING, 0, "out-of-stock: ☂"), Step("parked", SagaState.RELEASING, 7))
        change = replace(advanced(found, SagaEvent.NO_ANSWER), after=after, steps=steps, due_in_s=None)
        assert await self._record(sagas, change)
        assert (await self._now(sagas, found.saga.order_id)).saga == after
        assert tuple(await sagas.steps(found.saga.order_id))[-2:] == steps

    async def test_a_saga_is_claimed_when_it_is_due_and_not_before(self, sagas: SagaGround) -> None:
        found = await self._holding(sagas)
        later = replace(advanced(found, SagaEvent.NO_ANSWER), due_in_s=3_600.0)
        assert await self._record(sagas, later)
        assert found.saga.order_id not in ids(await claimed(sagas))
        now = replace(advanced(await self._now(sagas, found.saga.order_id), SagaEvent.NO_ANSWER), due_in_s=0.0)
        assert await self._record(sagas, now)
        assert found.saga.order_id in ids(await claimed(sagas))

    async def test_what_ended_or_is_parked_is_never_due(self, sagas: SagaGround) -> None:
        parked = await self._holding(sagas)
        assert await self._record(sagas, park(parked, "a closer look"))
        refused = await self._holding(sagas)
        assert await self._record(
            sagas, advanced(refused, Decision(SagaEvent.REFUSED, "out-of-stock: no ☂ on 10.0.0.7"))
        )
        ended = advanced(await self._now(sagas, refused.saga.order_id), SagaEvent.RELEASED)
        assert await self._record(sagas, ended)
        assert {parked.saga.order_id, refused.saga.order_id}.isdisjoint(ids(await claimed(sagas)))
        assert (await self._now(sagas, refused.saga.order_id)).saga.state is SagaState.CANCELLED
        assert (await read(sagas.units, refused.saga.order_id)).cancel_reason == "out-of-stock"

    @pytest.mark.parametrize("loss", ["another's", "over", "none"])
    async def test_a_change_without_the_shards_lease_is_not_written(self, sagas: SagaGround, loss: str) -> None:
        found = await self._holding(sagas)
        leases = list(await sagas.all_leases("a"))
        if loss == "another's":
            await sagas.end_leases()
            await sagas.all_leases("b")
        elif loss == "over":
            await sagas.end_leases()
        else:
            leases = [lease for lease in leases if lease.shard != found.saga.shard]
        written = await sagas.store("a").record(leases, [advanced(found, Decision(SagaEvent.REFUSED, "sold out"))])
        assert not list(written)
        await self._nothing_happened(sagas, found)

    async def test_a_saga_that_was_written_since_is_not(self, sagas: SagaGround) -> None:
        found = await self._holding(sagas)
        first = advanced(found, SagaEvent.NO_ANSWER)
        assert await self._record(sagas, first)
        late = advanced(found, Decision(SagaEvent.REFUSED, "sold out"))
        assert not await self._record(sagas, late)
        assert (await self._now(sagas, found.saga.order_id)).saga == first.after

    async def test_nor_is_one_whose_order_was(self, sagas: SagaGround) -> None:
        for event in (SagaEvent.NO_ANSWER, SagaEvent.REFUSED, SagaEvent.HELD):
            found = await self._holding(sagas)
            await change(sagas.units, found.saga.order_id, wish)
            decision = Decision(event, "sold out", PRICES if event is SagaEvent.HELD else ())
            assert not await self._record(sagas, advanced(found, decision))
            after = await self._now(sagas, found.saga.order_id)
            assert after.saga == found.saga
            assert (after.order.version, after.order.status) == (3, OrderStatus.INVENTORY_PENDING)

    async def test_one_that_is_refused_leaves_the_others_alone(self, sagas: SagaGround) -> None:
        await sagas.empty()
        orders = [await new_order(sagas) for _ in range(9)]
        found = await claimed(sagas)
        for order in orders[::3]:
            await change(sagas.units, order.id, begin)
        changes = [advanced(each, SagaEvent.BEGUN) for each in found]
        written = await self._record(sagas, *changes)
        assert set(written) == {order.id for order in orders} - {order.id for order in orders[::3]}
        for order in orders:
            assert len(await sagas.published(order.id)) == 2

    async def test_of_two_who_record_the_same_one_is_refused(self, sagas: SagaGround) -> None:
        found = [await self._holding(sagas) for _ in range(5)]
        leases = await sagas.all_leases("a")
        twice = [[advanced(each, SagaEvent.NO_ANSWER) for each in found] for _ in range(2)]
        written = await asyncio.gather(
            sagas.store("a").record(leases, twice[0]), sagas.store("a").record(leases, twice[1][::-1])
        )
        assert sorted([*written[0], *written[1]]) == sorted(each.saga.order_id for each in found)
        for each in found:
            after = await self._now(sagas, each.saga.order_id)
            assert (after.saga.version, after.saga.attempts) == (each.saga.version + 1, 1)
            assert len(await sagas.steps(each.saga.order_id)) == 2

    async def test_recording_nothing_is_nothing(self, sagas: SagaGround) -> None:
        leases = await sagas.all_leases("a")
        assert not list(await sagas.store("a").record(leases, []))

    async def test_many_are_recorded_at_once(self, sagas: SagaGround) -> None:
        await sagas.empty()
        for _ in range(50):
            await new_order(sagas)
        for event in (SagaEvent.BEGUN, SagaEvent.NO_ANSWER, SagaEvent.NO_ANSWER):
            found = await claimed(sagas)
            assert len(found) == 50
            changes = [replace(advanced(each, event), due_in_s=0.0) for each in found]
            assert len(await self._record(sagas, *changes)) == 50

    async def test_a_wish_makes_a_saga_due_at_once(self, sagas: SagaGround) -> None:
        found = await self._holding(sagas)
        assert await self._record(sagas, replace(advanced(found, SagaEvent.NO_ANSWER), due_in_s=3_600.0))
        await change(sagas.units, found.saga.order_id, wish)
        due = row_of(await claimed(sagas), found.saga.order_id)
        assert due.order.cancellation_requested
        assert due.saga.version == found.saga.version + 1

    async def test_a_wish_makes_no_parked_saga_due(self, sagas: SagaGround) -> None:
        found = await self._holding(sagas)
        assert await self._record(sagas, park(found, "a closer look"))
        await change(sagas.units, found.saga.order_id, wish)
        assert found.saga.order_id not in ids(await claimed(sagas))

    async def test_an_order_that_nothing_was_begun_for_ends_its_saga_when_it_is_cancelled(
        self, sagas: SagaGround
    ) -> None:
        order = await new_order(sagas)
        await change(sagas.units, order.id, wish)
        assert order.id not in ids(await claimed(sagas))
        after = await self._now(sagas, order.id)
        assert after.saga.state is SagaState.CANCELLED
        assert after.order.status is OrderStatus.ORDER_CANCELLED
        assert [(step.event, step.state) for step in await sagas.steps(order.id)] == [("cancel wished", "created")]

    async def test_a_customer_who_cancels_while_it_is_begun_is_before_it_or_behind(self, sagas: SagaGround) -> None:
        for _ in range(5):
            order = await new_order(sagas)
            found = row_of(await claimed(sagas), order.id)

            async def cancel(order_id: UUID = order.id) -> bool:
                try:
                    await change(sagas.units, order_id, wish)
                except OrderError:
                    return False
                return True

            was_cancelled, written = await asyncio.gather(
                cancel(), self._record(sagas, advanced(found, SagaEvent.BEGUN))
            )
            after = await self._now(sagas, order.id)
            assert was_cancelled or written
            if written:
                assert after.saga.state is SagaState.HOLDING
            else:
                assert after.saga.state is SagaState.CANCELLED
            assert len(await sagas.published(order.id)) == after.order.version

    async def _retrying(self, sagas: SagaGround) -> UUID:
        found = await self._holding(sagas)
        assert await self._record(sagas, replace(advanced(found, SagaEvent.NO_ANSWER), due_in_s=0.0))
        return found.saga.order_id

    async def _holding(self, sagas: SagaGround) -> Found:
        order = await new_order(sagas)
        found = row_of(await claimed(sagas, limit=MANY), order.id)
        assert await self._record(sagas, advanced(found, SagaEvent.BEGUN))
        return await self._now(sagas, order.id)

    async def _record(self, sagas: SagaGround, *changes: Change) -> Sequence[UUID]:
        leases = await sagas.all_leases("a")
        return list(await sagas.store("a").record(leases, changes))

    async def _now(self, sagas: SagaGround, order_id: UUID) -> Found:
        leases = await sagas.all_leases("a")
        return row_of((await sagas.store("a").read(leases, [order_id])).found, order_id)

    async def _nothing_happened(self, sagas: SagaGround, before: Found) -> None:
        await sagas.end_leases()
        after = await self._now(sagas, before.saga.order_id)
        assert after.saga == before.saga
        assert state(after.order) == state(before.order)
        assert len(await sagas.published(before.saga.order_id)) == before.order.version


def ids(found: Sequence[Found]) -> list[UUID]:
    return [each.saga.order_id for each in found]
