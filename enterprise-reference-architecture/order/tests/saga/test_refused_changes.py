"""What becomes of a saga whose change its store cannot hold, and of all that are written together with it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from saga_world import CONFIRMED, PACE, World, chance

from trivet_order.adapters.memory import MemorySagaStore
from trivet_order.application import DataRefused
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import Change, Claim, SagaEvent, SagaState

ORDERS = 64
RETRY_S = 5.0
Poisoned = Callable[[Change], bool]


class Refusing:
    """A store that refuses each batch in which there is something that it cannot hold."""

    def __init__(self, store: MemorySagaStore, is_poisoned: Poisoned) -> None:
        self._store = store
        self.is_poisoned = is_poisoned
        self.refused: list[int] = []

    async def claim(self, leases: Sequence[Lease], limit: int, in_hand: Collection[UUID]) -> Claim:
        return await self._store.claim(leases, limit, in_hand)

    async def read(self, leases: Sequence[Lease], order_ids: Collection[UUID]) -> Claim:
        return await self._store.read(leases, order_ids)

    async def record(self, leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        if any(map(self.is_poisoned, changes)):
            self.refused.append(len(changes))
            raise DataRefused("a value is out of range")
        return await self._store.record(leases, changes)


class Shop:
    """A world of orders of an umbrella each, on a store that refuses some of what becomes of the first."""

    def __init__(self, is_poisoned: Callable[[Change], bool]) -> None:
        roomy = replace(
            PACE, batch=ORDERS, in_hand_max=ORDERS, records_max=ORDERS, shards_a_turn=16, retry_max_s=RETRY_S
        )
        self.world = World(chance(1), roomy)
        self.umbrella = self.world.put_on_sale("umbrella", ORDERS, 700)
        self.store = Refusing(
            MemorySagaStore(self.world.memory),
            lambda change: change.before.order_id == self.orders[0] and is_poisoned(change),
        )
        self.world.sagas = lambda: self.store
        self.orders: list[UUID] = []

    async def open(self) -> None:
        """Accept the orders."""
        for number in range(ORDERS):
            self.world.give_money(f"customer {number}", 700)
            self.orders.append(await self.world.order(f"customer {number}", (self.umbrella, 1)))

    def statuses(self) -> set[str]:
        """Return how all but the first ended."""
        return {self.world.status(order_id) for order_id in self.orders[1:]}


@pytest.fixture
def make(closing: list[Callable[[], Awaitable[None]]]) -> Callable[[Poisoned], Shop]:
    """Return what makes a shop, which is closed with the test."""

    def shop(is_poisoned: Poisoned) -> Shop:
        made = Shop(is_poisoned)
        closing.append(made.world.end)
        return made

    return shop


def happens(event: SagaEvent) -> Poisoned:
    return lambda change: change.steps[0].event == event


@pytest.mark.parametrize("event", [SagaEvent.BEGUN, SagaEvent.HELD, SagaEvent.CHARGED, SagaEvent.SOLD])
async def test_one_that_cannot_be_stored_is_parked_and_the_others_go_on(
    make: Callable[[Poisoned], Shop], event: SagaEvent
) -> None:
    shop = make(happens(event))
    await shop.open()
    worker = shop.world.start("one")
    await shop.world.settle()
    assert shop.statuses() == {CONFIRMED}
    assert worker.watcher.alarms == [(shop.orders[0], f"a defect: {event}: a value is out of range")]
    assert worker.watcher.unstorable_ones == []
    assert shop.world.history(shop.orders[0])[-1] == "parked"
    assert event not in shop.world.history(shop.orders[0])
    assert len(shop.store.refused) <= math.log2(ORDERS) + 1
    assert shop.store.refused[-1] == 1


async def test_one_that_cannot_even_be_parked_is_told_of_and_left_alone_for_a_while(
    make: Callable[[Poisoned], Shop],
) -> None:
    shop = make(lambda _: True)
    await shop.open()
    worker = shop.world.start("one")
    await shop.world.pass_time(10 * RETRY_S)
    first = shop.orders[0]
    assert shop.statuses() == {CONFIRMED}
    assert worker.watcher.alarms == []
    assert {each for each, _ in worker.watcher.unstorable_ones} == {first}
    assert 9 <= len(worker.watcher.unstorable_ones) <= 10
    assert len(shop.store.refused) <= 2 * len(worker.watcher.unstorable_ones) + math.log2(ORDERS) + 1
    assert shop.world.in_state(SagaState.CREATED) == [first]
    shop.store.is_poisoned = lambda _: False
    await shop.world.settle()
    assert shop.world.status(first) == CONFIRMED
    assert shop.world.violations() == []


async def test_what_parks_and_tells_something_else_as_well_is_followed_by_what_only_parks(
    make: Callable[[Poisoned], Shop],
) -> None:
    shop = make(lambda change: change.after.parked == "poisoned words")
    await shop.open()
    refuse_or_record = shop.store.record

    def parking_too(change: Change) -> Change:
        is_the_beginning = change.before.order_id == shop.orders[0] and change.steps[0].event == SagaEvent.BEGUN
        return replace(change, after=replace(change.after, parked="poisoned words")) if is_the_beginning else change

    async def record(leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        return await refuse_or_record(leases, [parking_too(change) for change in changes])

    shop.store.record = record  # type: ignore[method-assign]  # it stands for it
    worker = shop.world.start("one")
    await shop.world.settle()
    assert [order_id for order_id, _ in worker.watcher.alarms] == [shop.orders[0]]
    assert shop.world.history(shop.orders[0]) == ["parked"]
    assert shop.statuses() == {CONFIRMED}
