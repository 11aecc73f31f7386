"""A world in memory: one store, three participants with real ledgers, customers who order, and workers that may die."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from saga_world.gates import Crash, Gate, GatedLeases, GatedParticipant, GatedStore
from saga_world.oracle import Evidence, violations
from saga_world.virtual_time import VirtualTime
from trivet_order.adapters.memory import (
    MemoryParticipants,
    MemorySagaStore,
    MemoryShardLeases,
    MemoryStore,
    MemoryUnitsOfWork,
)
from trivet_order.application import (
    CancelOrder,
    CancelOrderUseCase,
    CreateOrder,
    CreateOrderUseCase,
    OrderChanged,
    Wanted,
)
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import (
    Change,
    Orchestrator,
    ParticipantPort,
    Participants,
    SagaPace,
    SagaState,
    SagaStorePort,
)
from trivet_order.domain import Money, Product, Seat, Stock, TooLate

PACE = SagaPace(
    batch=4,
    in_hand_max=8,
    records_max=6,
    calls_max=2,
    lease_s=10.0,
    shards_a_turn=8,
    retry_max_s=5.0,
    step_deadline_s=60.0,
    park_after=5,
)
EUR = "EUR"


@dataclass
class Watcher:
    """Remembers what a worker told; implements SagaObserverPort."""

    changes: list[Change] = field(default_factory=list)
    outdated_ids: list[UUID] = field(default_factory=list)
    alarms: list[tuple[UUID, str]] = field(default_factory=list)
    unstorable_ones: list[tuple[UUID, str]] = field(default_factory=list)
    lost_leases: list[Lease] = field(default_factory=list)
    held: int = 0
    errors: list[Exception] = field(default_factory=list)

    def holds(self, shards: int) -> None:
        self.held = shards

    def lost(self, lease: Lease, *, in_time: bool) -> None:
        del in_time
        self.lost_leases.append(lease)

    def recorded(self, changes: Sequence[Change], seconds: float) -> None:
        assert seconds >= 0
        self.changes += changes

    def outdated(self, order_ids: Sequence[UUID]) -> None:
        self.outdated_ids += order_ids

    def parked(self, order_id: UUID, why: str) -> None:
        self.alarms.append((order_id, why))

    def unstorable(self, order_id: UUID, why: str) -> None:
        self.unstorable_ones.append((order_id, why))

    def away(self, error: Exception) -> None:
        self.errors.append(error)


@dataclass
class Worker:
    """An orchestrator as a process: it can be killed, stopped and made to stand still."""

    orchestrator: Orchestrator
    gate: Gate
    watcher: Watcher
    task: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it ended."""
        return self.task is not None and self.task.done()


class World:
    """See the module.

    Args:
        random: what chance there is in it.
        pace: the workers'.
        wrap: what stands between a worker and a participant.
    """

    def __init__(
        self,
        random: Random,
        pace: SagaPace = PACE,
        wrap: Callable[[ParticipantPort], ParticipantPort] = lambda participant: participant,
    ) -> None:
        self.random = random
        self.pace = pace
        self.time = VirtualTime()
        self.memory = MemoryStore(self.time.now)
        self.units = MemoryUnitsOfWork(self.memory)
        self.participants = MemoryParticipants()
        self.workers: list[Worker] = []
        self.sagas: Callable[[], SagaStorePort] = lambda: MemorySagaStore(self.memory)
        self._wrap = wrap
        self._stock_before: dict[str, int] = {}
        self._money_before_minor: dict[str, int] = {}

    def put_on_sale(self, item_id: str, stock: int, price_minor: int, currency: str = EUR) -> Stock:
        """Sell so many units of something."""
        self.participants.stock.add(item_id, stock, Money(price_minor, currency))
        self._stock_before[item_id] = stock
        return Stock(item_id)

    def let_hold(self, customer_id: str, name: str, price_minor: int) -> Seat:
        """Let a customer hold a seat."""
        seat = Seat("hamlet", name, f"token of {name}")
        self.participants.seats.hold(customer_id, seat, Money(price_minor, EUR))
        return seat

    def give_money(self, customer_id: str, amount_minor: int) -> str:
        """Open an account for a customer; return its id."""
        account_id = f"account of {customer_id}"
        self.participants.wallet.open(account_id, customer_id, Money(amount_minor, EUR))
        self._money_before_minor[account_id] = amount_minor
        return account_id

    async def order(self, customer_id: str, *wanted: tuple[Product, int], account_id: str | None = None) -> UUID:
        """Let a customer order; return the order's id."""
        order_id = UUID(int=len(self.memory.orders) + 1)
        lines = tuple(Wanted(product, quantity) for product, quantity in wanted)
        command = CreateOrder(order_id, customer_id, account_id or f"account of {customer_id}", lines, self.time.now())
        async with self.units.open() as unit:
            await CreateOrderUseCase(unit.orders, unit.events).execute(command)
            await unit.commit()
        return order_id

    async def cancel(self, order_id: UUID) -> bool:
        """Let its customer cancel an order; False if it is too late."""
        customer_id = self.memory.orders[order_id].customer_id
        while True:
            try:
                async with self.units.open() as unit:
                    use_case = CancelOrderUseCase(unit.orders, unit.events)
                    await use_case.execute(CancelOrder(order_id, customer_id, self.time.now()))
                    await unit.commit()
            except OrderChanged:
                continue
            except TooLate:
                return False
            return True

    def start(self, name: str, gate: Gate | None = None) -> Worker:
        """Start a worker."""
        gate = gate or Gate()
        watcher = Watcher()
        three = self.participants
        orchestrator = Orchestrator(
            GatedStore(self.sagas(), gate),
            GatedLeases(MemoryShardLeases(self.memory.sagas.leases, name, self.pace.lease_s), gate),
            Participants(
                self._reached(three.stock, gate, "Inventory"),
                self._reached(three.seats, gate, "Reservation"),
                self._reached(three.wallet, gate, "the wallet"),
            ),
            time=self.time,
            observer=watcher,
            pace=self.pace,
            jitter=self.random.random,
            failpoint=gate,
        )
        worker = Worker(orchestrator, gate, watcher)
        worker.task = asyncio.create_task(_live(orchestrator))
        self.workers.append(worker)
        return worker

    def _reached(self, participant: ParticipantPort, gate: Gate, name: str) -> ParticipantPort:
        return GatedParticipant(self._wrap(participant), gate, name, lambda: self.random.randint(0, 3))

    def is_settled(self) -> bool:
        """Return whether nothing is to be done any more: every saga has ended or is parked.

        Whatever a worker died of, but a plan of its gate, is raised.
        """
        for worker in self.workers:
            if worker.task is not None and worker.task.done():
                worker.task.result()
        return all(row.due_on is None for row in self.memory.sagas.rows.values())

    async def settle(self) -> None:
        """Let time pass until nothing is to be done any more."""
        await self.time.pass_until(self.is_settled)

    async def until_dead(self, worker: Worker) -> None:
        """Let time pass until a worker has died, or has found nothing to die of."""
        await self.time.pass_until(lambda: worker.is_over or self.is_settled())

    async def until_standing(self, worker: Worker) -> None:
        """Let time pass until a worker stands still, or has found nothing to do so at."""
        await self.time.pass_until(lambda: worker.gate.is_standing or self.is_settled())

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass, with everything that is done in it."""
        until_s = self.time.now_s() + seconds
        await self.time.pass_until(lambda: self.time.now_s() >= until_s)

    async def pass_rounds(self, rounds: int) -> None:
        """Let everybody do a little, in no time."""
        for _ in range(rounds):
            await asyncio.sleep(0)

    def in_state(self, state: SagaState) -> list[UUID]:
        """Return whose sagas are in a state now, so that something can be done to them just there."""
        return [order_id for order_id, row in self.memory.sagas.rows.items() if row.saga.state is state]

    async def stop(self) -> None:
        """Stop every worker, and wait until it has ended."""
        for worker in self.workers:
            worker.orchestrator.stop()
            worker.gate.go_on()
        await self.time.pass_until(lambda: all(worker.is_over for worker in self.workers))
        for worker in self.workers:
            if worker.task is not None:
                worker.task.result()

    async def end(self) -> None:
        """Let it all be over, whatever was under way."""
        tasks = [worker.task for worker in self.workers if worker.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def evidence(self) -> Evidence:
        """Return what an auditor is shown."""
        return Evidence(
            dict(self.memory.orders),
            list(self.memory.outbox),
            self.participants.ledgers,
            self._stock_before,
            {item_id: self.participants.stock.left(item_id) for item_id in self._stock_before},
            self._money_before_minor,
            {each: self.participants.wallet.balance(each).amount_minor for each in self._money_before_minor},
        )

    def violations(self) -> list[str]:
        """Return what is wrong with the world."""
        return violations(self.evidence())

    def history(self, order_id: UUID) -> list[str]:
        """Return what happened to an order's saga."""
        return [step.event for step in self.memory.sagas.rows[order_id].steps]

    def status(self, order_id: UUID) -> str:
        """Return where an order stands."""
        return self.memory.orders[order_id].status.value


async def _live(orchestrator: Orchestrator) -> None:
    """Work until the worker is stopped, or dies."""

    try:
        await orchestrator.run()
    except BaseExceptionGroup as group:
        if group.subgroup(lambda error: not isinstance(error, Crash | BaseExceptionGroup)) is not None:
            raise
