"""The token of a seat proves that a hold is the customer's: it is in no text, message or view that leaves the core."""

from __future__ import annotations

from dataclasses import asdict
from uuid import uuid4

import pytest
from order_contracts.samples import AT, begin, change, placed, read, reserve, store

from trivet_order.adapters.memory import MemoryStore, MemoryUnitsOfWork
from trivet_order.application import CreateOrder, CreateOrderUseCase, Wanted, event_of, tell, view_of
from trivet_order.domain import InvalidOrder, OrderAggregate, OrderCreated, Seat

SECRET = "a-secret-token"  # as order_contracts.samples gives it to its seat


def test_the_order_itself_has_it() -> None:
    order = placed()
    assert [line.product.token for line in order.items if isinstance(line.product, Seat)] == [SECRET]


def test_no_text_of_an_order_has_it() -> None:
    order = placed()
    begin(order)
    reserve(order)
    events = order.pull_events(AT)
    for thing in (order, order.items, events, view_of(order), *order.items, *events):
        assert SECRET not in repr(thing) + str(thing) + f"{thing}"


def test_no_error_about_it_has_it() -> None:
    order = OrderAggregate(uuid4(), customer_id="alice", account_id="a")
    order.add_item(Seat("hamlet", "hold", SECRET), 1)
    with pytest.raises(InvalidOrder) as refused:
        order.add_item(Seat("hamlet", "hold", SECRET), 1)
    assert SECRET not in repr(refused.value)
    with pytest.raises(InvalidOrder) as refused:
        Seat("hamlet", "hold", SECRET * 100)
    assert SECRET not in repr(refused.value)


def test_no_message_has_it_and_no_event_that_was_read_back() -> None:
    (created,) = placed().pull_events(AT)
    message = tell(created)
    assert SECRET not in repr(message)
    assert SECRET.encode() not in message.body
    again = event_of(message)
    assert isinstance(again, OrderCreated)
    assert [line.product.token for line in again.items if isinstance(line.product, Seat)] == ["untold"]


def test_no_command_prints_it() -> None:
    wanted = (Wanted(Seat("hamlet", "hold", SECRET), 1),)
    assert SECRET not in repr(CreateOrder(uuid4(), "alice", "a", wanted, AT))


async def test_no_view_has_it() -> None:
    store_ = MemoryStore()
    units = MemoryUnitsOfWork(store_)
    order = await store(units, placed())
    await change(units, order.id, begin)
    view = view_of(await read(units, order.id))
    assert SECRET not in repr(asdict(view))
    async with units.open() as unit:
        use_case = CreateOrderUseCase(unit.orders, unit.events)
        answer = await use_case.execute(CreateOrder(uuid4(), "a", "a", (Wanted(Seat("hamlet", "h", SECRET), 1),), AT))
    assert SECRET not in repr(asdict(answer))
