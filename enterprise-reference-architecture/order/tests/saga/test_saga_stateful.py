"""Anybody may do anything at any time: order, cancel, start and kill workers, end leases, lose and deliver messages.

Hypothesis chooses who does what and when; what the adversary and the workers do by chance follows from a seed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from saga_world import PACE, Adversary, AdverseParticipant, World, chance

from trivet_order.application.saga import ENDS, SagaState
from trivet_order.domain import Product, Stock

WORKERS_MAX = 3


class Checkouts(RuleBasedStateMachine):
    """A shop with little stock, few seats and poor customers."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self.orders: list[UUID] = []
        self.versions: dict[UUID, int] = {}

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        self._runner.run(work)

    @initialize(seed=st.integers(0, 2**16), mischief=st.integers(0, 60), deadline_s=st.sampled_from([2.0, 60.0]))
    def open(self, seed: int, mischief: int, deadline_s: float) -> None:
        random = chance(seed)
        self.adversary = Adversary(random, mischief)
        pace = replace(PACE, step_deadline_s=deadline_s)
        self.world = World(random, pace, lambda each: AdverseParticipant(each, self.adversary))
        self.items: list[Stock] = [self.world.put_on_sale("hat", 4, 700), self.world.put_on_sale("flyer", 3, 0)]
        self.world.give_money("alice", 3_000)
        self.world.give_money("bob", 900)

    @rule(
        customer=st.sampled_from(["alice", "bob"]),
        stock=st.lists(st.integers(0, 1), unique=True, max_size=2),
        quantity=st.integers(1, 3),
        seat=st.sampled_from([None, "held", "expired"]),
    )
    def order(self, customer: str, stock: list[int], quantity: int, seat: str | None) -> None:
        wanted: list[tuple[Product, int]] = [(self.items[number], quantity) for number in stock]
        if seat is not None or not wanted:
            held = self.world.let_hold(customer, f"seat {len(self.orders)}", 250)
            wanted.append((held, 1))
            if seat == "expired":
                self.world.participants.seats.expire(held)

        async def place() -> None:
            self.orders.append(await self.world.order(customer, *wanted))

        self._do(place())

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self._do(self.world.cancel(data.draw(st.sampled_from(self.orders))))

    @precondition(lambda self: self.world.in_state(SagaState.CHARGING))
    @rule()
    def cancel_what_is_charged(self) -> None:
        self._do(self.world.cancel(self.world.in_state(SagaState.CHARGING)[0]))

    @precondition(lambda self: len(self._living()) < WORKERS_MAX)
    @rule(name=st.sampled_from("abc"))
    def start_a_worker(self, name: str) -> None:
        async def start() -> None:
            self.world.start(name)

        self._do(start())

    @precondition(lambda self: self._living())
    @rule(data=st.data())
    def kill_a_worker(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self._living()))

        async def kill() -> None:
            assert worker.task is not None
            worker.task.cancel()
            await asyncio.wait([worker.task])

        self._do(kill())
        self.world.workers.remove(worker)

    @precondition(lambda self: self._living())
    @rule(data=st.data())
    def let_a_worker_stand_still(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self._living())).gate.stand()

    @rule()
    def let_all_go_on(self) -> None:
        for worker in self._living():
            worker.gate.go_on()

    @rule(rounds=st.integers(1, 40))
    def a_moment_passes(self, rounds: int) -> None:
        self._do(self.world.pass_rounds(rounds))

    @rule(seconds=st.sampled_from([0.01, 0.5, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self._do(self.world.pass_time(seconds))

    @rule()
    def leases_end(self) -> None:
        self.world.time.jump(2 * PACE.lease_s)

    @rule()
    def what_is_late_arrives(self) -> None:
        self._do(self.adversary.deliver_all())

    @invariant()
    def versions_grow_and_ends_stay(self) -> None:
        for order_id, row in self.world.memory.sagas.rows.items():
            assert row.saga.version >= self.versions.get(order_id, 1)
            self.versions[order_id] = row.saga.version
            assert (row.saga.state in ENDS) == (self.world.status(order_id) in {"Order Confirmed", "Order Cancelled"})

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self._do(self._end())
        self._runner.close()

    async def _end(self) -> None:
        """Let everything come to rest, and ask the oracle."""
        for worker in self._living():
            worker.gate.go_on()
        self.world.start("the last")
        await self.world.settle()
        await self.world.stop()
        await self.adversary.deliver_all()
        assert self.world.violations() == []
        assert not [alarm for worker in self.world.workers for alarm in worker.watcher.alarms]

    def _living(self) -> list[Any]:
        return [worker for worker in self.world.workers if not worker.is_over]


TestCheckouts = Checkouts.TestCase
TestCheckouts.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
