"""What the outbox does, whatever it is written to."""

from __future__ import annotations

import pytest

from order_contracts.samples import AT, Published, begin, change, placed, reserve, store, wish
from trivet_order.application import UnitsOfWork, event_of
from trivet_order.domain import OrderAggregate


class PublisherContract:
    """What is published lasts if its unit of work does, whole, in order, and without a secret."""

    @pytest.fixture
    def units(self) -> UnitsOfWork:
        raise NotImplementedError

    @pytest.fixture
    def published(self) -> Published:
        raise NotImplementedError

    async def test_every_event_is_there_once_and_in_order(self, units: UnitsOfWork, published: Published) -> None:
        steps = [begin, reserve, OrderAggregate.request_payment, wish, OrderAggregate.mark_paid]
        order = await store(units, placed())
        for step in steps:
            await change(units, order.id, step)
        messages = await published(order.id)
        assert [(message.aggregate_version, message.type) for message in messages] == [
            (1, "OrderCreated"),
            (2, "InventoryRequested"),
            (3, "InventoryReserved"),
            (4, "PaymentRequested"),
            (5, "CancellationRequested"),
            (6, "OrderConfirmed"),
        ]

    async def test_events_of_one_unit_keep_their_order(self, units: UnitsOfWork, published: Published) -> None:
        order = await store(units, placed(), begin, reserve)
        assert [message.aggregate_version for message in await published(order.id)] == [1, 2, 3]

    async def test_a_message_tells_the_event(self, units: UnitsOfWork, published: Published) -> None:
        order = placed()
        begin(order)
        reserve(order)
        order.cancel("sold out")
        events = order.pull_events(AT)
        async with units.open() as unit:
            await unit.orders.save(order)
            await unit.events.publish(events)
            await unit.commit()
        assert [event_of(message) for message in await published(order.id)] == list(events)

    async def test_no_message_tells_the_token_of_a_seat(self, units: UnitsOfWork, published: Published) -> None:
        order = await store(units, placed(), begin)
        messages = await published(order.id)
        assert len(messages) == 2
        assert not [message for message in messages if b"secret" in message.body]

    async def test_nothing_is_there_before_the_commit(self, units: UnitsOfWork, published: Published) -> None:
        order = placed()
        async with units.open() as unit:
            await unit.orders.save(order)
            await unit.events.publish(order.pull_events(AT))
            assert list(await published(order.id)) == []
            await unit.commit()
        assert len(await published(order.id)) == 1

    async def test_nothing_is_there_without_a_commit(self, units: UnitsOfWork, published: Published) -> None:
        order = placed()
        async with units.open() as unit:
            await unit.orders.save(order)
            await unit.events.publish(order.pull_events(AT))
        assert list(await published(order.id)) == []

    async def test_publishing_nothing_is_nothing(self, units: UnitsOfWork, published: Published) -> None:
        order = placed()
        async with units.open() as unit:
            await unit.orders.save(order)
            await unit.events.publish(())
            await unit.commit()
        assert list(await published(order.id)) == []
