"""The order's pins at a real reservation service, of what customers held there themselves."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from real_participants import Town

from trivet_order.application.saga import (
    ConfirmSeats,
    Held,
    PinSeats,
    Refused,
    Rejected,
    Released,
    ReleaseSeats,
    Reply,
    Sold,
)
from trivet_order.domain import Money, Seat

SeatCommand = PinSeats | ConfirmSeats | ReleaseSeats


async def told(town: Town, *commands: SeatCommand) -> list[Reply]:
    async with town.client() as client:
        return list(await town.seats(client).send(commands))


def pin(order_id: UUID, *seats: Seat) -> PinSeats:
    return PinSeats(order_id, "alice", seats)


def release(order_id: UUID, *seats: Seat) -> ReleaseSeats:
    return ReleaseSeats(order_id, "alice", seats)


@pytest.fixture(scope="module")
def show(town: Town) -> str:
    return town.show()


async def test_what_a_customer_held_is_pinned_and_sold_once(town: Town) -> None:
    show = town.show(4500)
    order_id, seats = uuid4(), (town.hold(show, "a-1-1", "a-1-2"), town.hold(show, "a-1-3"))
    held = Held((Money(9000, "EUR"), Money(4500, "EUR")))
    assert [(await told(town, pin(order_id, *seats)))[0] for _ in range(2)] == [held] * 2
    assert [(await told(town, ConfirmSeats(order_id, "alice", seats)))[0] for _ in range(2)] == [Sold()] * 2
    [late] = await told(town, release(order_id, *seats))
    assert isinstance(late, Rejected)
    assert late.code == "too-late"


async def test_what_is_released_is_free_and_its_late_pin_refused(town: Town) -> None:
    show = town.show()
    order_id, seat = uuid4(), town.hold(show, "a-1-1")
    await told(town, pin(order_id, seat))
    assert [(await told(town, release(order_id, seat)))[0] for _ in range(2)] == [Released()] * 2
    [late] = await told(town, pin(order_id, seat))
    assert isinstance(late, Refused)
    assert late.code == "hold-released"
    town.hold(show, "a-1-1", who="bob")


async def test_a_release_that_comes_first_refuses_its_pin_and_no_others(town: Town) -> None:
    seat, one, other = town.hold(town.show(), "a-1-1"), uuid4(), uuid4()
    assert await told(town, release(one, seat)) == [Released()]
    [late] = await told(town, pin(one, seat))
    assert isinstance(late, Refused)
    assert isinstance((await told(town, pin(other, seat)))[0], Held)


async def test_what_is_not_the_customers_is_refused(town: Town, show: str) -> None:
    mine, bobs = town.hold(show, "a-1-1"), town.hold(show, "a-1-2", who="bob")
    first = uuid4()
    assert isinstance((await told(town, pin(first, mine)))[0], Held)
    replies = await told(
        town,
        pin(uuid4(), mine),
        pin(uuid4(), bobs),
        pin(uuid4(), replace(mine, token="another")),
        pin(uuid4(), Seat("no-such-show", "hold", "token")),
        pin(uuid4(), Seat("NO SHOW", "hold", "token")),
        pin(uuid4(), Seat(show, "no-such-hold", "token")),
    )
    assert {type(each) for each in replies} == {Refused}
    codes = [each.code for each in replies if isinstance(each, Refused)]
    assert codes == ["already-held", "not-found", "forbidden", "not-found", "not-found", "not-found"]


async def test_one_seat_that_is_lost_loses_the_order(town: Town, show: str) -> None:
    order_id, good = uuid4(), town.hold(show, "a-1-5")
    lost = Seat(show, "never", "token")
    assert isinstance((await told(town, pin(order_id, good, lost)))[0], Refused)
    assert await told(town, release(order_id, good, lost)) == [Released()]


async def test_of_a_show_that_is_not_there_nothing_is_held(town: Town) -> None:
    order_id = uuid4()
    for show_id in ("no-such-show", "NO SHOW"):
        assert await told(town, release(order_id, Seat(show_id, "hold", "token"))) == [Released()]


async def test_two_hundred_holds_of_many_orders_are_pinned_in_one_call(town: Town) -> None:
    shows = [town.show() for _ in range(10)]
    held = [(uuid4(), town.hold(show, f"a-1-{place}")) for show in shows for place in range(1, 10)]
    replies = await told(town, *(pin(order_id, seat) for order_id, seat in held))
    assert {type(each) for each in replies} == {Held}
