"""Each guard is taken away once, and is missed: without it some schedule ends wrong, and the oracle says how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID, uuid4

import pytest
from order_contracts import SagaStoreContract, SeatsParticipantContract, StockParticipantContract
from saga_grounds_in_memory import MemorySagaGround, MemorySeatsGround, MemoryStockGround
from saga_world import PACE, Adversary, AdverseParticipant, Stuck, World, chance

from trivet_order.adapters.memory import MemoryInventory, MemorySagaStore, MemorySeats, MemoryWallet
from trivet_order.adapters.memory.saga_table import SagaRow
from trivet_order.application.saga import (
    Change,
    Command,
    Decision,
    Held,
    HoldStock,
    NoAnswer,
    ParticipantPort,
    Released,
    ReleaseSeats,
    ReleaseStock,
    Reply,
    Row,
    SagaEvent,
    SagaState,
    decide,
    orchestrator,
    transitions,
)
from trivet_order.domain import OrderAggregate, OrderStatus, Step

S, E = SagaState, SagaEvent
SCHEDULES = 50


@pytest.fixture
def ground() -> Callable[[], MemorySagaGround]:
    return MemorySagaGround


@pytest.fixture
def stock_ground() -> Callable[[], MemoryStockGround]:
    return MemoryStockGround


@pytest.fixture
def seats_ground() -> Callable[[], MemorySeatsGround]:
    return MemorySeatsGround


Wrap = Callable[[ParticipantPort], ParticipantPort]


async def shop(seed: int, wrap: Wrap = lambda participant: participant) -> World:
    """Run a small shop under an adversary, with cancellations and paused workers; return what became of it."""
    random = chance(seed)
    adversary = Adversary(random, mischief=60)
    pace = replace(PACE, step_deadline_s=3.0)
    world = World(random, pace, lambda each: AdverseParticipant(wrap(each), adversary))
    umbrella = world.put_on_sale("umbrella", 9, 700)
    for number in range(8):
        customer = f"customer {number}"
        world.give_money(customer, random.choice([500, 5_000]))
        seat = world.let_hold(customer, f"seat {number}", 300)
        await world.order(customer, (umbrella, random.randint(1, 2)), (seat, 1))
    workers = [world.start("one"), world.start("two")]
    for turn in range(8):
        await world.pass_rounds(random.randint(0, 60))
        state = random.choice([S.HOLDING, S.CHARGING, S.CONFIRMING])
        await world.cancel(random.choice(world.in_state(state) or list(world.memory.orders)))
        workers[turn % 2].gate.stand()
        world.time.jump(2 * pace.lease_s * random.randint(0, 1))
        await world.pass_time(random.choice([0.01, 1.0]))
        workers[turn % 2].gate.go_on()
    await world.time.pass_until(world.is_settled, limit_s=3_600)
    await world.stop()
    await adversary.deliver_all()
    return world


async def found_in_schedules(wrap: Wrap = lambda participant: participant) -> list[str]:
    """Return what is wrong in the first schedule in which anything is, or nothing."""
    for seed in range(SCHEDULES):
        try:
            world = await shop(seed, wrap)
        except Stuck as error:
            return [str(error)]
        except BaseExceptionGroup as group:
            return [repr(group)]
        wrong = world.violations() + [f"parked: {alarm}" for each in world.workers for alarm in each.watcher.alarms]
        if wrong:
            return wrong
    return []


async def test_with_every_guard_nothing_is_wrong() -> None:
    assert await found_in_schedules() == []


def with_rows(monkeypatch: pytest.MonkeyPatch, *rows: Row) -> None:
    """Put rows into the table, each in the place of the one of its state and event."""
    table = {**transitions._ROWS, **{(row.state, row.event): row for row in rows}}
    monkeypatch.setattr(transitions, "_ROWS", MappingProxyType(table))


async def test_no_comparing_of_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_anyway(self: MemorySagaStore, change: Change, holding: Collection[int], now: object) -> bool:
        del holding
        row = self._store.sagas.rows[change.before.order_id]
        return original(
            self, replace(change, order_version=self._store.orders[row.saga.order_id].version), {row.saga.shard}, now
        )  # type: ignore[arg-type]  # it is a time

    original = MemorySagaStore._write
    monkeypatch.setattr(MemorySagaStore, "_is_current", lambda *_: True)
    monkeypatch.setattr(MemorySagaStore, "_write", write_anyway)
    assert await found_in_schedules()


async def test_a_lost_lease_is_ignored(monkeypatch: pytest.MonkeyPatch, ground: Callable[[], MemorySagaGround]) -> None:
    """The versions alone would still refuse the second write; the store's contract misses the lease itself."""

    def by_version_alone(self: MemorySagaStore, change: Change, row: SagaRow, holding: Collection[int]) -> bool:
        del self, holding
        return row.saga.version == change.before.version

    monkeypatch.setattr(MemorySagaStore, "_is_current", by_version_alone)
    for loss in ("another's", "over", "none"):
        with pytest.raises(AssertionError):
            await SagaStoreContract().test_a_change_without_the_shards_lease_is_not_written(ground(), loss)


async def test_the_orders_version_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, ground: Callable[[], MemorySagaGround]
) -> None:
    def write_anyway(self: MemorySagaStore, change: Change, holding: Collection[int], now: object) -> bool:
        current = self._store.orders[change.before.order_id].version
        return original(self, replace(change, order_version=current), holding, now)  # type: ignore[arg-type]  # it is a time

    original = MemorySagaStore._write
    monkeypatch.setattr(MemorySagaStore, "_write", write_anyway)
    with pytest.raises(AssertionError):
        await SagaStoreContract().test_nor_is_one_whose_order_was(ground())
    assert await found_in_schedules()


async def test_no_tombstone_of_stock(
    monkeypatch: pytest.MonkeyPatch, stock_ground: Callable[[], MemoryStockGround]
) -> None:
    def release(self: MemoryInventory, key: tuple[str, UUID], hold: object) -> Reply:
        if hold is None:
            return Released()
        return original(self, key, hold)  # type: ignore[arg-type]  # a hold

    original = MemoryInventory._release
    monkeypatch.setattr(MemoryInventory, "_release", release)
    with pytest.raises(AssertionError):
        await StockParticipantContract().test_a_release_that_comes_first_refuses_the_late_hold(stock_ground())
    assert any("is cancelled, and of its lines" in each for each in await found_in_schedules())


async def test_no_tombstone_of_a_seat(
    monkeypatch: pytest.MonkeyPatch, seats_ground: Callable[[], MemorySeatsGround]
) -> None:
    def send(self: MemorySeats, command: Command) -> Reply:
        reply = original(self, command)
        self._tombstones.clear()
        return reply

    original = MemorySeats._do
    monkeypatch.setattr(MemorySeats, "_do", send)
    with pytest.raises(AssertionError):
        await SeatsParticipantContract().test_a_release_that_comes_first_refuses_the_late_pin(seats_ground())
    assert any("is cancelled, and of its lines" in each for each in await found_in_schedules())


async def test_no_tombstone_of_a_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    def do(self: MemoryWallet, command: Command) -> Reply:
        known = command.order_id in self._charges
        reply = original(self, command)
        if not known and type(command).__name__ == "Void":
            del self._charges[command.order_id]
        return reply

    original = MemoryWallet._do
    monkeypatch.setattr(MemoryWallet, "_do", do)
    assert any("was charged" in each for each in await found_in_schedules())


async def test_what_is_paid_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish or a deadline leads from confirming to releasing: behind the pivot."""
    with_rows(
        monkeypatch,
        Row(S.CONFIRMING, E.CANCEL_WISHED, S.RELEASING, "too late"),
        Row(S.CONFIRMING, E.NO_ANSWER, S.RELEASING, "no patience"),
    )
    assert await found_in_schedules()


async def test_a_charge_under_way_is_taken_back_without_asking_the_wallet(monkeypatch: pytest.MonkeyPatch) -> None:
    with_rows(
        monkeypatch,
        Row(S.CHARGING, E.CANCEL_WISHED, S.RELEASING, "no void"),
        Row(S.CHARGING, E.DEADLINE, S.RELEASING, "no void"),
    )
    assert any("was charged" in each for each in await found_in_schedules())


async def test_no_answer_counts_as_a_decline(monkeypatch: pytest.MonkeyPatch) -> None:
    def guess(
        state: SagaState, order: OrderAggregate, commands: Sequence[Command], replies: Sequence[Reply]
    ) -> Decision:
        if state is S.CHARGING and isinstance(replies[0], NoAnswer):
            return Decision(E.DECLINED, "nobody answered")
        return decide(state, order, commands, replies)

    monkeypatch.setattr(orchestrator, "decide", guess)
    assert any("was charged" in each for each in await found_in_schedules())


async def test_cancelled_before_the_release_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = ((Step.CANCEL, "Order Cancelled"),)
    with_rows(
        monkeypatch,
        Row(S.RELEASING, E.NO_ANSWER, S.CANCELLED, "it will have been", cancel),
        Row(S.RELEASING, E.PUT_OFF, S.CANCELLED, "it will be", cancel),
    )
    assert any("is cancelled, and of its lines" in each for each in await found_in_schedules())


class KeyOfTheAttempt:
    """A wallet that is asked under another key each time."""

    def __init__(self, participant: ParticipantPort) -> None:
        self._participant = participant

    def ready_in_s(self) -> float:
        return self._participant.ready_in_s()

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        if isinstance(self._participant, MemoryWallet):
            for command in commands:
                self._participant._charges.pop(command.order_id, None)
        return await self._participant.send(commands)


async def test_the_attempts_number_is_in_the_key() -> None:
    assert any("was charged" in each for each in await found_in_schedules(KeyOfTheAttempt))


class HoldOfTheServers:
    """An Inventory that makes a hold of its own of each request: a repeated one holds twice."""

    def __init__(self, participant: ParticipantPort) -> None:
        self._participant = participant
        self._made: dict[UUID, list[UUID]] = {}

    def ready_in_s(self) -> float:
        return self._participant.ready_in_s()

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        if not isinstance(self._participant, MemoryInventory):
            return await self._participant.send(commands)
        replies: list[Reply] = []
        for command in commands:
            if isinstance(command, HoldStock):
                anew = replace(command, order_id=uuid4())
                (reply,) = await self._participant.send([anew])
                entries = self._participant._ledgers.stock
                self._participant._ledgers.stock = [
                    replace(entry, order_id=command.order_id) if entry.order_id == anew.order_id else entry
                    for entry in entries
                ]
                self._participant._holds[command.customer_id, command.order_id] = self._participant._holds.pop(
                    (command.customer_id, anew.order_id)
                )
            else:
                (reply,) = await self._participant.send([command])
            replies.append(reply)
        return replies


async def test_the_server_makes_the_holds_id() -> None:
    assert any("of its lines" in each for each in await found_in_schedules(HoldOfTheServers))


class NothingIsPinned:
    """An Inventory whose holds expire, although an order rests on them."""

    def __init__(self, participant: ParticipantPort) -> None:
        self._participant = participant
        self._asked = 0

    def ready_in_s(self) -> float:
        return self._participant.ready_in_s()

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        replies = await self._participant.send(commands)
        if isinstance(self._participant, MemoryInventory):
            self._asked += 1
            for command, reply in zip(commands, replies, strict=True):
                if isinstance(reply, Held) and self._asked % 3 == 0:
                    await self._participant.send([ReleaseStock(command.order_id, command.customer_id)])
        return replies


async def test_what_is_held_is_not_pinned() -> None:
    found = await found_in_schedules(NothingIsPinned)
    assert any("will stay so" in each or "parked" in each for each in found)


async def test_seats_are_not_released_with_the_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    original = orchestrator.commands_of
    monkeypatch.setattr(
        orchestrator,
        "commands_of",
        lambda state, order: tuple(each for each in original(state, order) if not isinstance(each, ReleaseSeats)),
    )
    assert any("is cancelled, and of its lines" in each for each in await found_in_schedules())


async def test_a_command_is_sent_before_its_state_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked at the decision, not behind the record: a charge goes out of a saga that another one takes back."""
    original = orchestrator.Orchestrator._advance

    def advance_and_ask(self: orchestrator.Orchestrator, each: object, decision: Decision, now: object) -> None:
        original(self, each, decision, now)  # type: ignore[arg-type]  # a saga in hand, and a time
        if decision.event is E.HELD and each.order.status is OrderStatus.PAYMENT_PENDING:  # type: ignore[attr-defined]  # a saga in hand
            (command,) = orchestrator.commands_of(S.CHARGING, each.order)  # type: ignore[attr-defined]  # a saga in hand
            self._lanes[orchestrator.Side.WALLET].put(orchestrator.Asked(_Nobody(each), 0, command))  # type: ignore[arg-type]  # nobody hears it

    monkeypatch.setattr(orchestrator.Orchestrator, "_advance", advance_and_ask)
    assert any("was charged" in each for each in await found_in_schedules())


class _Nobody:
    """One for whom a command is sent, and who hears no reply."""

    def __init__(self, each: object) -> None:
        del each
        self._asked = 0

    @property
    def is_held(self) -> bool:
        self._asked += 1
        return self._asked == 1
