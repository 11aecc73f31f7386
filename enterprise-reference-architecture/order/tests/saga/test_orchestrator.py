"""What an orchestrator does: in what batches, in what time, and when somebody is slow, silent, away or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from saga_world import CANCELLED, CONFIRMED, PACE, World, chance, everybody

from trivet_order.adapters.memory import MemoryInventory, MemorySagaStore, MemorySeats, MemoryWallet
from trivet_order.application import StoreUnavailable
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import (
    Change,
    Charge,
    Command,
    ConfirmStock,
    Found,
    HoldStock,
    NoAnswer,
    ParticipantPort,
    Refused,
    Reply,
    SagaState,
    StockLine,
    resume,
)

SEATS, STOCK, WALLET = MemorySeats, MemoryInventory, MemoryWallet
Answer = Callable[[Command], Reply | None]


class Between:
    """Stands before a participant: counts what is asked, and answers for it if it wants to."""

    def __init__(self, participant: ParticipantPort, scene: Scene) -> None:
        self._participant = participant
        self._scene = scene

    def ready_in_s(self) -> float:
        return self._scene.ready_in_s.get(type(self._participant), 0.0)

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        self._scene.calls.append((self._scene.world.time.now_s(), list(commands)))
        self._scene.in_flight += 1
        self._scene.in_flight_max = max(self._scene.in_flight_max, self._scene.in_flight)
        await self._scene.may_answer.wait()
        replies = []
        for command in commands:
            instead = self._scene.answers(command)
            replies.append(instead or (await self._participant.send([command]))[0])
        self._scene.in_flight -= 1
        return replies


class Scene:
    """A world whose participants are told what to answer; nothing breaks in it by itself."""

    def __init__(self, **pace: float) -> None:
        self.calls: list[tuple[float, list[Command]]] = []
        self.in_flight = self.in_flight_max = 0
        self.ready_in_s: dict[type, float] = {}
        self.answers: Answer = lambda _: None
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        roomy = replace(PACE, batch=20, in_hand_max=60, records_max=100)
        self.world = World(chance(1), replace(roomy, **pace), lambda each: Between(each, self))  # type: ignore[arg-type]  # fields of the pace
        self.umbrella = self.world.put_on_sale("umbrella", 1_000, 700)

    async def order(self, customer: str = "alice", *, seat: bool = False) -> UUID:
        """Let somebody order an umbrella, with a seat perhaps."""
        name = f"{customer} {len(self.world.memory.orders)}"
        self.world.give_money(name, 5_000)
        seats = [(self.world.let_hold(name, f"seat of {name}", 300), 1)] if seat else []
        return await self.world.order(name, (self.umbrella, 1), *seats)

    def statuses(self) -> list[str]:
        """Return where all orders stand."""
        return [self.world.status(order_id) for order_id in self.world.memory.orders]


Make = Callable[..., Scene]


@pytest.fixture
def make(closing: list[Callable[[], Awaitable[None]]]) -> Make:
    """Return what makes a scene, which is over with the test."""

    def scene(**pace: float) -> Scene:
        made = Scene(**pace)
        closing.append(made.world.end)
        return made

    return scene


@pytest.mark.parametrize("seed", range(5))
async def test_every_kind_of_customer_ends_as_it_must(seed: int) -> None:
    world = World(chance(seed))
    expected = await everybody(world)
    worker = world.start("one")
    await world.settle()
    await world.stop()
    assert {kind: world.status(each.order_id) for kind, each in expected.items()} == {
        kind: each.status for kind, each in expected.items()
    }
    assert world.violations() == []
    assert worker.watcher.alarms == []


class TestTimeAndBatches:
    async def test_no_timer_is_on_the_way_of_an_order(self, make: Make) -> None:
        scene = make()
        scene.world.start("one")
        await scene.world.pass_time(1.0)
        await scene.order()
        began_s = scene.world.time.now_s()
        await scene.world.settle()
        assert scene.world.time.now_s() - began_s <= PACE.idle_pause_s
        assert scene.statuses() == [CONFIRMED]

    async def test_an_order_is_four_records_and_three_calls(self, make: Make) -> None:
        scene = make()
        order_id = await scene.order()
        worker = scene.world.start("one")
        await scene.world.settle()
        assert [change.after.state for change in worker.watcher.changes] == [
            "holding",
            "charging",
            "confirming",
            "confirmed",
        ]
        assert [[type(each).__name__ for each in commands] for _, commands in scene.calls] == [
            ["HoldStock"],
            ["Charge"],
            ["ConfirmStock"],
        ]
        assert scene.world.history(order_id) == ["begun", "held", "charged", "sold"]

    async def test_many_go_together(self, make: Make) -> None:
        scene = make(shards_a_turn=16)
        for _ in range(200):
            await scene.order()
        worker = scene.world.start("one")
        await scene.world.settle()
        assert set(scene.statuses()) == {CONFIRMED}
        records = worker.gate.passed.count("before a record")
        assert records <= 200 * 4 / 10
        assert max(len(commands) for _, commands in scene.calls) == 20
        assert len(scene.calls) <= 200 * 3 / 8

    async def test_more_is_not_claimed_than_there_is_room_for(self, make: Make) -> None:
        scene = make(in_hand_max=7, calls_max=2, batch=3, shards_a_turn=16)
        scene.may_answer.clear()
        for _ in range(30):
            await scene.order()
        scene.world.start("one")
        await scene.world.pass_time(1.0)
        assert len(scene.world.in_state(SagaState.HOLDING)) == 7
        assert scene.in_flight_max == 2
        assert sum(len(commands) for _, commands in scene.calls) == 6
        scene.may_answer.set()
        await scene.world.settle()
        assert set(scene.statuses()) == {CONFIRMED}

    async def test_fresh_ones_do_not_wait_behind_retrying_ones(self, make: Make) -> None:
        scene = make(batch=4, in_hand_max=4, retry_max_s=0.05, step_deadline_s=600.0, shards_a_turn=16)
        scene.answers = lambda command: NoAnswer("silence") if isinstance(command, Charge) else None
        for _ in range(40):
            await scene.order()
        scene.world.start("one")
        await scene.world.pass_time(5.0)
        assert len(scene.world.in_state(SagaState.CHARGING)) == 40
        scene.answers = lambda command: (
            NoAnswer("silence") if isinstance(command, Charge) and command.order_id.int <= 40 else None
        )
        late = [await scene.order() for _ in range(5)]
        await scene.world.pass_time(2.0)
        assert {scene.world.status(each) for each in late} == {CONFIRMED}
        assert len(scene.world.in_state(SagaState.CHARGING)) == 40


class TestSilence:
    async def test_a_participant_that_is_not_to_be_asked_is_not_and_others_go_on(self, make: Make) -> None:
        scene = make(shards_a_turn=16, in_hand_max=6)
        scene.ready_in_s[SEATS] = 5.0
        waiting = [await scene.order(seat=True) for _ in range(20)]
        others = [await scene.order() for _ in range(20)]
        scene.world.start("one")
        await scene.world.pass_time(3.0)
        assert {scene.world.status(each) for each in others} == {CONFIRMED}
        assert not [each for _, commands in scene.calls for each in commands if "Seat" in type(each).__name__]
        assert set(scene.world.history(waiting[0])) == {"begun", "put off"}
        scene.ready_in_s.clear()
        await scene.world.settle()
        assert set(scene.statuses()) == {CONFIRMED}

    async def test_who_asks_to_be_left_alone_is(self, make: Make) -> None:
        scene = make(retry_max_s=0.1)
        answers = [NoAnswer("busy", retry_after_s=30.0)]
        scene.answers = lambda command: answers.pop() if isinstance(command, Charge) and answers else None
        order_id = await scene.order()
        scene.world.start("one")
        await scene.world.settle()
        first_s, second_s = (at_s for at_s, commands in scene.calls if isinstance(commands[0], Charge))
        assert 30 <= second_s - first_s < 31
        assert scene.world.history(order_id) == ["begun", "held", "no answer", "charged", "sold"]

    @pytest.mark.parametrize("was_taken", [False, True])
    async def test_a_charge_that_is_never_answered_is_voided_at_its_deadline(self, make: Make, was_taken: bool) -> None:  # noqa: FBT001  - a parameter of the test
        scene = make(step_deadline_s=10.0)

        def silence(command: Command) -> Reply | None:
            if not isinstance(command, Charge):
                return None
            if was_taken:
                scene.world.participants.wallet._do(command)
            return NoAnswer("a timeout")

        scene.answers = silence
        order_id = await scene.order()
        scene.world.start("one")
        await scene.world.settle()
        history = scene.world.history(order_id)
        assert history.count("no answer") > 3
        assert history[-4:-2] == ["no answer", "deadline"]
        assert history[-2:] == (["already charged", "sold"] if was_taken else ["voided", "released"])
        assert scene.statuses() == [CONFIRMED if was_taken else CANCELLED]
        assert 10 <= scene.world.time.now_s() < 11
        assert scene.world.violations() == []

    async def test_a_wish_while_the_charge_is_under_way_is_the_wallets_to_decide(self, make: Make) -> None:
        scene = make()
        order_id = await scene.order()
        worker = scene.world.start("one")
        await scene.world.time.pass_until(lambda: bool(scene.world.in_state(SagaState.CHARGING)))
        await scene.world.cancel(order_id)
        await scene.world.settle()
        assert scene.world.history(order_id) == ["begun", "held", "cancel wished", "already charged", "sold"]
        assert worker.watcher.outdated_ids == [order_id]
        assert not await scene.world.cancel(order_id)


class TestParking:
    async def test_a_sale_that_is_refused_is_parked_with_an_alarm_and_goes_on_by_hand(self, make: Make) -> None:
        scene = make(park_after=3)
        scene.answers = lambda command: (
            Refused("lost", "nobody knows it") if isinstance(command, ConfirmStock) else None
        )
        order_id = await scene.order()
        worker = scene.world.start("one")
        await scene.world.settle()
        assert worker.watcher.alarms == [(order_id, "lost: nobody knows it")]
        assert scene.world.history(order_id) == [*["begun", "held", "charged"], *["rejected"] * 3, "parked"]
        assert any("will stay so" in each for each in scene.world.violations())
        scene.answers = lambda _: None
        await scene.world.pass_time(60.0)
        assert scene.world.in_state(SagaState.CONFIRMING) == [order_id]
        row = scene.world.memory.sagas.rows[order_id]
        change = resume(Found(row.saga, scene.world.memory.orders[order_id]), scene.world.time.now(), 60.0)
        row.saga, row.due_on = change.after, scene.world.time.now()
        await scene.world.settle()
        assert scene.statuses() == [CONFIRMED]
        assert scene.world.violations() == []

    async def test_silence_parks_nothing(self, make: Make) -> None:
        scene = make(park_after=2, retry_max_s=0.2)
        scene.answers = lambda command: NoAnswer("away") if isinstance(command, ConfirmStock) else None
        await scene.order()
        worker = scene.world.start("one")
        await scene.world.pass_time(20.0)
        assert len(scene.calls) > 20
        scene.answers = lambda _: None
        await scene.world.settle()
        assert scene.statuses() == [CONFIRMED]
        assert worker.watcher.alarms == []

    @pytest.mark.parametrize("state", [SagaState.CHARGING, SagaState.CONFIRMING])
    async def test_one_that_goes_no_way_is_parked_and_ends_no_worker(self, make: Make, state: SagaState) -> None:
        """A saga that does not fit its order: it has no total to charge, or was never to be paid."""
        scene = make()
        broken, sound = await scene.order(), await scene.order()
        row = scene.world.memory.sagas.rows[broken]
        row.saga = replace(row.saga, state=state)
        customer_id = scene.world.memory.orders[broken].customer_id
        await scene.world.participants.stock.send([HoldStock(broken, customer_id, (StockLine(scene.umbrella, 1),))])
        worker = scene.world.start("one")
        await scene.world.settle()
        assert scene.world.status(sound) == CONFIRMED
        ((order_id, why),) = worker.watcher.alarms
        assert order_id == broken
        assert why.startswith("a defect: ")
        assert scene.world.history(broken) == ["parked"]


class AwayAtTimes:
    """A store that does not answer some records: it wrote them, or not."""

    def __init__(self, store: MemorySagaStore, scene: Scene, *, wrote: bool) -> None:
        self._store = store
        self._scene = scene
        self._wrote = wrote
        self._records = self._claims = 0

    async def claim(self, leases: Sequence[Lease], limit: int, in_hand: Collection[UUID]) -> object:
        self._claims += 1
        if self._claims % 3 == 0:
            raise StoreUnavailable("it is away", definite=True)
        return await self._store.claim(leases, limit, in_hand)

    async def read(self, leases: Sequence[Lease], order_ids: Collection[UUID]) -> object:
        return await self._store.read(leases, order_ids)

    async def record(self, leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        self._records += 1
        if self._records % 2:
            return await self._store.record(leases, changes)
        if self._wrote:
            await self._store.record(leases, changes)
        raise StoreUnavailable("it went away", definite=False)


class TestStore:
    @pytest.mark.parametrize("wrote", [False, True])
    async def test_one_that_goes_away_is_asked_again_and_read_anew(self, make: Make, wrote: bool) -> None:  # noqa: FBT001  - a parameter of the test
        scene = make()
        store = AwayAtTimes(MemorySagaStore(scene.world.memory), scene, wrote=wrote)
        scene.world.sagas = lambda: store  # type: ignore[assignment,return-value]  # it stands for one
        for _ in range(30):
            await scene.order(seat=True)
        worker = scene.world.start("one")
        await scene.world.settle()
        await scene.world.stop()
        assert set(scene.statuses()) == {CONFIRMED}
        assert scene.world.violations() == []
        assert len(worker.watcher.errors) > 3
        assert scene.world.time.now_s() < PACE.lease_s


class TestStopping:
    async def test_what_is_in_flight_is_recorded_and_another_one_goes_on_at_once(self, make: Make) -> None:
        scene = make(shards_a_turn=16)
        for _ in range(10):
            await scene.order()
        scene.may_answer.clear()
        first = scene.world.start("one")
        await scene.world.pass_time(0.5)
        assert scene.in_flight
        first.orchestrator.stop()
        await scene.world.pass_time(0.5)
        assert not first.is_over
        scene.may_answer.set()
        await scene.world.time.pass_until(lambda: first.is_over)
        assert len(scene.world.in_state(SagaState.CHARGING)) == 10
        asked = len(scene.calls)
        began_s = scene.world.time.now_s()
        scene.world.start("two")
        await scene.world.settle()
        assert scene.world.time.now_s() - began_s < 0.5
        assert set(scene.statuses()) == {CONFIRMED}
        assert not [each for _, commands in scene.calls[asked:] for each in commands if "Hold" in type(each).__name__]

    async def test_one_that_a_defect_ended_can_be_run_again(self, make: Make) -> None:
        scene = make()
        order_id = await scene.order()
        broken = [ZeroDivisionError("a defect")]

        def answers(command: Command) -> Reply | None:
            if isinstance(command, Charge) and broken:
                raise broken.pop()
            return None

        scene.answers = answers
        worker = scene.world.start("one")
        assert worker.task is not None
        task = worker.task
        worker.task = None
        await scene.world.time.pass_until(task.done)
        assert isinstance(task.exception(), ExceptionGroup)
        worker.task = asyncio.create_task(worker.orchestrator.run())
        await scene.world.settle()
        assert scene.world.status(order_id) == CONFIRMED
        assert scene.world.history(order_id) == ["begun", "held", "charged", "sold"]

    async def test_leases_are_given_back(self, make: Make) -> None:
        scene = make(shards_a_turn=16)
        worker = scene.world.start("one")
        await scene.world.pass_time(0.5)
        assert worker.watcher.held == 16
        await scene.world.stop()
        assert worker.watcher.held == 0
        now = scene.world.time.now()
        assert all(row.until < now - timedelta(days=1) for row in scene.world.memory.sagas.leases.rows)
