"""One order from its creation to its confirmation, with no server: the core, and its ports in memory."""  # noqa: INP001  - a script

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from uuid import UUID

from trivet_order.adapters.memory import HandClock, MemoryStore, MemoryUnitsOfWork
from trivet_order.application import CreateOrder, CreateOrderUseCase, OrderChanged, Wanted
from trivet_order.domain import Money, OrderAggregate, Seat, Stock

ORDER_ID = UUID("0197f3a1-0000-7000-8000-000000000001")
PRICES = (Money(5_000, "EUR"), Money(9_900, "EUR"))
CLOCK = HandClock()


async def create(units: MemoryUnitsOfWork) -> None:
    """Order as a customer does: the use case works in a unit of work that its caller opens and commits."""
    wanted = (Wanted(Stock("umbrella"), 2), Wanted(Seat("hamlet", "hold-1", "a-secret"), 1))
    command = CreateOrder(ORDER_ID, "alice", "alice-eur", wanted, CLOCK.now())
    async with units.open() as unit:
        await CreateOrderUseCase(unit.orders, unit.events).execute(command)
        await unit.commit()


async def take(units: MemoryUnitsOfWork, step: Callable[[OrderAggregate], object]) -> None:
    """Take a step as the checkout does."""
    async with units.open() as unit:
        order = await unit.orders.get_by_id(ORDER_ID)
        step(order)
        await unit.orders.save(order)
        await unit.events.publish(order.pull_events(CLOCK.now()))
        await unit.commit()


async def main() -> None:
    """Walk the happy path, and let two change the order at the same time on the way."""
    store = MemoryStore()
    units = MemoryUnitsOfWork(store)
    await create(units)
    await take(units, OrderAggregate.begin)
    async with units.open() as unit:
        mine = await unit.orders.get_by_id(ORDER_ID)
        await take(units, lambda order: order.mark_reserved(PRICES))
        mine.request_cancellation()
        try:
            await unit.orders.save(mine)
        except OrderChanged as refused:
            sys.stdout.write(f"refused: {refused}\n")
    await take(units, OrderAggregate.request_payment)
    await take(units, OrderAggregate.mark_paid)
    for message in store.outbox:
        sys.stdout.write(f"{message.aggregate_version} {message.type} {dict(message.data)}\n")
    order = store.orders[ORDER_ID]
    sys.stdout.write(f"{order}, {order.total}\n")


asyncio.run(main())
