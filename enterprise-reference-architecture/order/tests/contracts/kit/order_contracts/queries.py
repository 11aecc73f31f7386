"""What the list of a customer's orders does, whatever it is read from."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from order_contracts.samples import AT, begin, placed, read, reserve, someone, store
from trivet_order.application import OrderQueriesPort, UnitsOfWork, view_of


class QueriesContract:
    """A customer's orders, the greatest id first, a page at a time."""

    @pytest.fixture
    def units(self) -> UnitsOfWork:
        raise NotImplementedError

    @pytest.fixture
    def queries(self) -> OrderQueriesPort:
        raise NotImplementedError

    async def test_orders_are_as_they_are_one_by_one(self, units: UnitsOfWork, queries: OrderQueriesPort) -> None:
        customer, ids = someone(), sorted(uuid4() for _ in range(3))
        for id, steps in zip(ids, ([], [begin], [begin, reserve]), strict=True):  # noqa: A001  - an order's
            await store(units, placed(customer, id), *steps)
        expected = [view_of(await read(units, id)) for id in reversed(ids)]  # noqa: A001  - an order's
        assert list(await queries.page(customer, None, 10)) == expected

    async def test_pages_follow_each_other_without_gap(self, units: UnitsOfWork, queries: OrderQueriesPort) -> None:
        customer, ids = someone(), [uuid4() for _ in range(7)]
        for id in ids:  # noqa: A001  - an order's
            await store(units, placed(customer, id))
        pages: list[list[UUID]] = []
        before = None
        while page := [view.id for view in await queries.page(customer, before, 3)]:
            pages.append(page)
            before = page[-1]
        newest_first = sorted(ids, reverse=True)
        assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]

    async def test_a_page_begins_behind_an_id_that_is_no_orders(
        self, units: UnitsOfWork, queries: OrderQueriesPort
    ) -> None:
        customer, ids = someone(), sorted(uuid4() for _ in range(3))
        for id in (ids[0], ids[2]):  # noqa: A001  - an order's
            await store(units, placed(customer, id))
        assert [view.id for view in await queries.page(customer, ids[1], 10)] == [ids[0]]

    async def test_orders_of_others_are_not_listed(self, units: UnitsOfWork, queries: OrderQueriesPort) -> None:
        customer = someone()
        await store(units, placed())
        assert list(await queries.page(customer, None, 10)) == []
        mine = await store(units, placed(customer))
        assert [view.id for view in await queries.page(customer, None, 10)] == [mine.id]

    async def test_an_order_that_is_not_committed_is_not_listed(
        self, units: UnitsOfWork, queries: OrderQueriesPort
    ) -> None:
        order = placed()
        async with units.open() as unit:
            await unit.orders.save(order)
            await unit.events.publish(order.pull_events(AT))
            assert list(await queries.page(order.customer_id, None, 10)) == []
