"""Orders to test with, each with ids of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from trivet_order.application import Message, UnitsOfWork
from trivet_order.domain import Money, OrderAggregate, Seat, Stock

AT = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
PRICES = (Money(2_500, "EUR"), Money(9_900, "EUR"))
Published = Callable[[UUID], Awaitable[Sequence[Message]]]
Change = Callable[[OrderAggregate], object]


def someone() -> str:
    """Return a customer who has no order yet."""
    return f"customer-{uuid4().hex}"


def placed(customer_id: str | None = None, order_id: UUID | None = None) -> OrderAggregate:
    """Return an order of one stock line and one seat line that was placed and not stored yet."""
    order = OrderAggregate(order_id or uuid4(), customer_id=customer_id or someone(), account_id="account-1")
    order.add_item(Stock("umbrella"), 3)
    order.add_item(Seat("hamlet", f"hold-{order.id}", "a-secret-token"), 1)
    order.place()
    return order


def begin(order: OrderAggregate) -> None:
    order.begin()


def reserve(order: OrderAggregate) -> None:
    order.mark_reserved(PRICES)


def cancel(order: OrderAggregate) -> None:
    order.cancel("sold out")


def wish(order: OrderAggregate) -> None:
    order.request_cancellation()


async def store(units: UnitsOfWork, order: OrderAggregate, *changes: Change) -> OrderAggregate:
    """Change an order, store it with its events, commit, and return it."""
    async with units.open() as unit:
        for change in changes:
            change(order)
        await unit.orders.save(order)
        await unit.events.publish(order.pull_events(AT))
        await unit.commit()
    return order


async def change(units: UnitsOfWork, order_id: UUID, *changes: Change) -> OrderAggregate:
    """Read an order, change it, store it with its events, commit, and return it."""
    async with units.open() as unit:
        order = await unit.orders.get_by_id(order_id)
        for each in changes:
            each(order)
        await unit.orders.save(order)
        await unit.events.publish(order.pull_events(AT))
        await unit.commit()
    return order


async def read(units: UnitsOfWork, order_id: UUID) -> OrderAggregate:
    """Return an order as it is committed."""
    async with units.open() as unit:
        return await unit.orders.get_by_id(order_id)


def state(order: OrderAggregate) -> dict[str, object]:
    """Return everything that must come back from a store, a seat's token too."""
    tokens = [line.product.token for line in order.items if isinstance(line.product, Seat)]
    names = "id items status customer_id account_id version total cancellation_requested cancel_reason"
    return {"tokens": tokens} | {name: getattr(order, name) for name in names.split()}
