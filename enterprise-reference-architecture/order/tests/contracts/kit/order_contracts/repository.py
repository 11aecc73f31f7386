"""What a repository does, whatever it stores orders in."""

from __future__ import annotations

from uuid import uuid4

import pytest

from order_contracts.samples import PRICES, begin, cancel, change, placed, read, reserve, state, store, wish
from trivet_order.application import OrderChanged, OrderNotFound, UnitsOfWork
from trivet_order.domain import LINES_MAX, QUANTITY_MAX, Money, OrderAggregate, OrderStatus, Seat, Stock

HISTORIES = {
    "created": [],
    "cancelled at once": [wish],
    "begun": [begin],
    "begun and not wanted": [begin, wish],
    "sold out": [begin, cancel],
    "reserved": [begin, reserve],
    "payment requested": [begin, reserve, OrderAggregate.request_payment],
    "reserved and cancelled": [begin, reserve, wish, cancel],
    "confirmed": [begin, reserve, OrderAggregate.request_payment, OrderAggregate.mark_paid],
    "confirmed and not wanted": [begin, reserve, OrderAggregate.request_payment, wish, OrderAggregate.mark_paid],
}


class RepositoryContract:
    """Orders come back as they were stored, and a change that nobody read before is never overwritten."""

    @pytest.fixture
    def units(self) -> UnitsOfWork:
        raise NotImplementedError

    @pytest.mark.parametrize("history", HISTORIES)
    async def test_an_order_comes_back_whole_in_every_state(self, units: UnitsOfWork, history: str) -> None:
        order = await store(units, placed(), *HISTORIES[history])
        assert state(await read(units, order.id)) == state(order)

    @pytest.mark.parametrize("history", HISTORIES)
    async def test_an_order_that_is_changed_comes_back_whole(self, units: UnitsOfWork, history: str) -> None:
        order = await store(units, placed())
        for each in HISTORIES[history]:
            order = await change(units, order.id, each)
        assert state(await read(units, order.id)) == state(order)

    async def test_the_greatest_order_comes_back(self, units: UnitsOfWork) -> None:
        order = OrderAggregate(uuid4(), customer_id="ä" * 255, account_id="Ω" * 255)
        for number in range(LINES_MAX):
            product = Stock(f"{number:0>255}") if number % 2 else Seat(f"{number:?>255}", f"{number:!>255}", "☂" * 255)
            order.add_item(product, QUANTITY_MAX if number % 2 else 1)
        order.place()
        great = (2**63 - 1) // LINES_MAX
        await store(units, order, begin, lambda order: order.mark_reserved([Money(great, "JPY")] * LINES_MAX))
        assert state(await read(units, order.id)) == state(order)

    async def test_a_price_of_nothing_is_a_price(self, units: UnitsOfWork) -> None:
        free = Money(0, "EUR")
        order = await store(units, placed(), begin, lambda order: order.mark_reserved([free, free]))
        assert (await read(units, order.id)).total == free
        assert order.status is OrderStatus.INVENTORY_RESERVED

    async def test_an_order_that_is_not_there_is_not_found(self, units: UnitsOfWork) -> None:
        async with units.open() as unit:
            with pytest.raises(OrderNotFound):
                await unit.orders.get_by_id(uuid4())

    async def test_an_order_is_created_once(self, units: UnitsOfWork) -> None:
        first = await store(units, placed())
        with pytest.raises(OrderChanged):
            await store(units, placed(order_id=first.id))
        assert state(await read(units, first.id)) == state(first)

    async def test_what_was_read_is_the_readers_own(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            begin(await unit.orders.get_by_id(order.id))
            await unit.commit()
        assert state(await read(units, order.id)) == state(order)

    async def test_what_was_stored_is_stored_as_it_was_then(self, units: UnitsOfWork) -> None:
        order = placed()
        async with units.open() as unit:
            await unit.orders.save(order)
            begin(order)
            await unit.commit()
        assert (await read(units, order.id)).status is OrderStatus.ORDER_CREATED

    async def test_a_unit_reads_what_it_stored(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            mine = await unit.orders.get_by_id(order.id)
            begin(mine)
            await unit.orders.save(mine)
            assert state(await unit.orders.get_by_id(order.id)) == state(mine)

    async def test_an_order_is_stored_twice_in_one_unit(self, units: UnitsOfWork) -> None:
        order = placed()
        async with units.open() as unit:
            await unit.orders.save(order)
            begin(order)
            await unit.orders.save(order)
            await unit.commit()
        assert state(await read(units, order.id)) == state(order)

    async def test_a_change_of_what_was_changed_since_is_refused(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            mine = await unit.orders.get_by_id(order.id)
            theirs = await change(units, order.id, begin)
            cancel(mine)
            with pytest.raises(OrderChanged) as refused:
                await unit.orders.save(mine)
        assert (refused.value.order_id, refused.value.definite, refused.value.retryable) == (order.id, True, True)
        assert state(await read(units, order.id)) == state(theirs)

    async def test_reading_it_anew_does_not_make_an_old_one_new(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            old = await unit.orders.get_by_id(order.id)
            theirs = await change(units, order.id, begin)
            await unit.orders.get_by_id(order.id)
            cancel(old)
            with pytest.raises(OrderChanged):
                await unit.orders.save(old)
        assert state(await read(units, order.id)) == state(theirs)

    async def test_an_order_that_another_repository_gave_out_is_not_taken(self, units: UnitsOfWork) -> None:
        order = await store(units, placed())
        theirs = await read(units, order.id)
        begin(theirs)
        async with units.open() as unit:
            with pytest.raises(OrderChanged):
                await unit.orders.save(theirs)

    async def test_orders_do_not_touch_each_other(self, units: UnitsOfWork) -> None:
        one, other = await store(units, placed()), await store(units, placed())
        await change(units, one.id, begin, lambda order: order.mark_reserved(PRICES))
        assert state(await read(units, other.id)) == state(other)
