"""What a unit of work is: all of it, or nothing, and nothing of it before it is all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from order_contracts.samples import AT, Published, begin, cancel, change, placed, read, state, store
from trivet_order.application import OrderChanged, OrderNotFound, UnitOfWork, UnitsOfWork
from trivet_order.domain import OrderAggregate, OrderStatus

Seen = Callable[[OrderAggregate], Awaitable[tuple[bool, int, bool]]]


async def do_everything(unit: UnitOfWork, order: OrderAggregate) -> None:
    assert await unit.keys.claim(order.customer_id, "k", b"p") is None
    await unit.orders.save(order)
    await unit.events.publish(order.pull_events(AT))
    await unit.keys.keep(order.customer_id, "k", b"p", order.id)


class UnitOfWorkContract:
    """A unit of work is one transaction over all its ports."""

    @pytest.fixture
    def units(self) -> UnitsOfWork:
        raise NotImplementedError

    @pytest.fixture
    def published(self) -> Published:
        raise NotImplementedError

    @pytest.fixture
    def seen(self, units: UnitsOfWork, published: Published) -> Seen:
        """Return what tells how much of an order somebody else sees: the order, its events, its key."""

        async def look(order: OrderAggregate) -> tuple[bool, int, bool]:
            async with units.open() as unit:
                try:
                    await unit.orders.get_by_id(order.id)
                    is_there = True
                except OrderNotFound:
                    is_there = False
                kept = await unit.keys.claim(order.customer_id, "k", b"p")
            return is_there, len(await published(order.id)), kept == order.id

        return look

    async def test_after_its_commit_all_of_it_is_there(self, units: UnitsOfWork, seen: Seen) -> None:
        order = placed()
        async with units.open() as unit:
            await do_everything(unit, order)
            await unit.commit()
        assert await seen(order) == (True, 1, True)

    async def test_without_a_commit_nothing_is_there(self, units: UnitsOfWork, seen: Seen) -> None:
        order = placed()
        async with units.open() as unit:
            await do_everything(unit, order)
        assert await seen(order) == (False, 0, False)

    async def test_after_a_failure_nothing_is_there_and_it_is_told(self, units: UnitsOfWork, seen: Seen) -> None:
        order = placed()

        async def fail() -> None:
            async with units.open() as unit:
                await do_everything(unit, order)
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await fail()
        assert await seen(order) == (False, 0, False)

    async def test_after_a_cancellation_nothing_is_there(self, units: UnitsOfWork, seen: Seen) -> None:
        order, is_done = placed(), asyncio.Event()

        async def work() -> None:
            async with units.open() as unit:
                await do_everything(unit, order)
                is_done.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await is_done.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await seen(order) == (False, 0, False)

    async def test_nobody_sees_an_order_before_its_commit(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            mine = await unit.orders.get_by_id(order.id)
            begin(mine)
            await unit.orders.save(mine)
            assert (await read(units, order.id)).status is OrderStatus.ORDER_CREATED
            await unit.commit()
        assert (await read(units, order.id)).status is OrderStatus.INVENTORY_PENDING

    async def test_a_failure_after_the_commit_undoes_nothing(self, units: UnitsOfWork, seen: Seen) -> None:
        order = placed()

        async def fail() -> None:
            async with units.open() as unit:
                await do_everything(unit, order)
                await unit.commit()
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await fail()
        assert await seen(order) == (True, 1, True)

    async def test_who_is_refused_loses_all_of_the_unit(self, units: UnitsOfWork, published: Published) -> None:
        one, other = await store(units, placed()), await store(units, placed())

        async def change_both() -> None:
            async with units.open() as unit:
                first, second = await unit.orders.get_by_id(one.id), await unit.orders.get_by_id(other.id)
                begin(first)
                await unit.orders.save(first)
                await unit.events.publish(first.pull_events(AT))
                await change(units, other.id, begin)
                cancel(second)
                await unit.orders.save(second)

        with pytest.raises(OrderChanged):
            await change_both()
        assert state(await read(units, one.id)) == state(one)
        assert len(await published(one.id)) == 1

    async def test_a_second_writer_waits_and_is_told(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as first, units.open() as second:
            mine, theirs = await first.orders.get_by_id(order.id), await second.orders.get_by_id(order.id)
            begin(mine)
            cancel(theirs)
            await first.orders.save(mine)
            saving = asyncio.create_task(second.orders.save(theirs))
            await first.commit()
            with pytest.raises(OrderChanged):
                await saving
        assert state(await read(units, order.id)) == state(mine)

    async def test_a_second_writer_waits_and_may_write_after_a_rollback(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as second:
            theirs = await second.orders.get_by_id(order.id)
            cancel(theirs)
            async with units.open() as first:
                mine = await first.orders.get_by_id(order.id)
                begin(mine)
                await first.orders.save(mine)
                saving = asyncio.create_task(second.orders.save(theirs))
            await saving
            await second.commit()
        assert state(await read(units, order.id)) == state(theirs)
