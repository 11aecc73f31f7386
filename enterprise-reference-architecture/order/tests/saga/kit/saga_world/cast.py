"""Customers of every kind: one for each way that a checkout can end."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from saga_world.world import World
from trivet_order.domain import Seat

CONFIRMED, CANCELLED = "Order Confirmed", "Order Cancelled"


@dataclass(frozen=True)
class Expected:
    """How an order must end, if nobody cancels it and nothing is too slow."""

    order_id: UUID
    status: str


async def everybody(world: World) -> dict[str, Expected]:
    """Let one customer of each kind order, over plenty of stock."""
    umbrella = world.put_on_sale("umbrella", 100, 700)
    hat = world.put_on_sale("hat", 1, 900)
    flyer = world.put_on_sale("flyer", 50, 0)
    foreign = world.put_on_sale("sombrero", 50, 900, "MXN")
    found: dict[str, Expected] = {}

    def rich(name: str) -> str:
        world.give_money(name, 10_000)
        return name

    def seat(name: str) -> Seat:
        return world.let_hold(name, f"seat of {name}", 2_000)

    async def add(kind: str, status: str, *wanted: object, account_id: str | None = None) -> None:
        order_id = await world.order(kind, *wanted, account_id=account_id)  # type: ignore[arg-type]  # lines
        found[kind] = Expected(order_id, status)

    await add(rich("stock"), CONFIRMED, (umbrella, 2))
    await add(rich("seats"), CONFIRMED, (seat("seats"), 1))
    await add(rich("both"), CONFIRMED, (umbrella, 1), (seat("both"), 1), (flyer, 3))
    await add(rich("free"), CONFIRMED, (flyer, 2))
    await add(rich("sold out"), CANCELLED, (umbrella, 1), (hat, 2), (seat("sold out"), 1))
    late = seat("too late")
    world.participants.seats.expire(late)
    await add(rich("too late"), CANCELLED, (umbrella, 1), (late, 1))
    world.give_money("poor", 2_699)
    await add("poor", CANCELLED, (umbrella, 1), (seat("poor"), 1))
    await add(rich("thief"), CANCELLED, (umbrella, 1), account_id="account of stock")
    await add(rich("two currencies"), CANCELLED, (umbrella, 1), (foreign, 1))
    await add(rich("changes their mind"), CANCELLED, (umbrella, 1))
    await world.cancel(found["changes their mind"].order_id)
    return found
