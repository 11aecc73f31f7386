"""What one relay does with a turn's outcomes: what it marks, whom it blocks and for how long, how it waits and ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from relay_grounds import told

from trivet_order.adapters.memory.relaying import (
    MemoryLeases,
    MemoryOutbox,
    MemoryOutboxStore,
    MemorySender,
    MemoryTopic,
)
from trivet_order.application import Message, StoreUnavailable
from trivet_order.application.relaying import Fate, MessageSenderPort, Relay, RelayPace, SendOutcome

HERE = ("main", 1)
PACE = RelayPace(batch=10, shards_a_turn=4, lease_s=10, busy_pause_s=0.004, idle_pause_s=0.05)


class Scripted:
    """A sender that answers what a test says, and remembers what it was asked."""

    def __init__(self, *answers: SendOutcome) -> None:
        self.answers = answers
        self.asked: list[tuple[list[int], set[UUID]]] = []

    async def send(self, messages: Sequence[Message], alone: Collection[UUID] = ()) -> Sequence[SendOutcome]:
        self.asked.append(([each.aggregate_version for each in messages], set(alone)))
        return self.answers[: len(messages)]


class Plant:
    """A relay, with a clock that stands still but in pauses, and everything that it told."""

    def __init__(self, sender: MessageSenderPort | None = None, pace: RelayPace = PACE) -> None:
        self.clock_s = 0.0
        self.pauses: list[float] = []
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self.moments: list[str] = []
        self.store = MemoryOutboxStore(lambda: self.clock_s)
        self.topic = MemoryTopic([[], []])
        self.stop_after = 10**9
        self.relay = Relay(
            MemoryOutbox(self.store, "a", HERE),
            MemoryLeases(self.store, "a", HERE, PACE.lease_s),
            sender or MemorySender(self.topic),
            time=self,
            observer=self,  # type: ignore[arg-type]  # __getattr__ has every method
            pace=pace,
            jitter=lambda: 1.0,
            failpoint=self.reach,
        )

    def __getattr__(self, name: str) -> Any:
        return lambda *facts: self.told.append((name, facts))

    def now_s(self) -> float:
        return self.clock_s

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock_s += seconds
        if len(self.pauses) >= self.stop_after:
            self.relay.stop()

    async def reach(self, name: str) -> None:
        self.moments.append(name)

    def commit(self, *messages: Message) -> None:
        for message in messages:
            self.store.commit(0, message)

    def marked(self) -> list[int]:
        return [row.message.aggregate_version for row in self.store.rows if row.published]

    def facts(self, name: str) -> list[tuple[Any, ...]]:
        return [facts for each, facts in self.told if each == name]


ACKNOWLEDGED, HELD_BACK = SendOutcome(Fate.ACKNOWLEDGED), SendOutcome(Fate.HELD_BACK, "nobody is there")
REFUSED, UNKNOWN = SendOutcome(Fate.FAILED, "too large"), SendOutcome(Fate.FAILED, "no answer", definite=False)


async def test_a_turn_sends_marks_and_passes_every_moment_of_its_own() -> None:
    plant, order = Plant(), uuid4()
    plant.commit(told(order, 1), told(order, 2))
    assert await plant.relay.turn() == 2
    assert plant.marked() == [1, 2]
    assert [name.rpartition(".")[2] for name in plant.moments] == [
        "after_claim",
        "before_send",
        "after_ack",
        "after_mark",
    ]
    assert plant.facts("published") == [(2, 0.0)]


async def test_an_acknowledgement_out_of_turn_is_not_believed() -> None:
    plant, order = Plant(Scripted(ACKNOWLEDGED, UNKNOWN, ACKNOWLEDGED)), uuid4()
    plant.commit(*(told(order, version) for version in (1, 2, 3)))
    assert await plant.relay.turn() == 1
    assert plant.marked() == [1]
    assert list(plant.store.blocked) == [order]


async def test_who_fails_is_blocked_alone_and_is_sent_alone_afterwards() -> None:
    sender, bad, good = Scripted(REFUSED, ACKNOWLEDGED), uuid4(), uuid4()
    plant = Plant(sender)
    plant.commit(told(bad, 1), told(good, 2))
    assert await plant.relay.turn() == 1
    assert plant.marked() == [2]
    assert await plant.relay.turn() == 0
    plant.clock_s += 1000
    sender.answers = (ACKNOWLEDGED,)
    assert await plant.relay.turn() == 1
    assert sender.asked == [([1, 2], set()), ([1], {bad})]
    assert plant.store.blocked == {}


async def test_a_refusal_is_retried_more_and_more_seldom_and_what_is_unknown_soon() -> None:
    for outcome, last_s in ((REFUSED, PACE.retry_refused_s), (UNKNOWN, PACE.retry_unknown_s)):
        plant = Plant(Scripted(outcome))
        plant.commit(told(uuid4(), 1))
        waits: list[float] = []
        for _ in range(40):
            await plant.relay.turn()
            waits.append(plant.facts("blocked")[-1][2].retry_after_s)
            plant.clock_s += 1000
        assert waits[0] == PACE.retry_first_s
        assert waits == sorted(waits)
        assert waits[-1] == last_s
        assert plant.marked() == []


async def test_what_was_held_back_is_neither_marked_nor_blocked() -> None:
    plant = Plant(Scripted(HELD_BACK, HELD_BACK))
    plant.commit(told(uuid4(), 1), told(uuid4(), 1))
    assert await plant.relay.turn() == 0
    assert plant.marked() == []
    assert plant.store.blocked == {}
    assert plant.facts("stalled") == [("nobody is there",)]


async def test_pauses_are_none_after_a_whole_batch_and_grow_while_nothing_comes() -> None:
    plant = Plant()
    plant.commit(*(told(uuid4(), 1) for _ in range(PACE.batch + 1)))
    plant.stop_after = 8
    await plant.relay.run()
    assert plant.pauses == [0.0, 0.004, 0.008, 0.016, 0.032, 0.05, 0.05, 0.05]


async def test_a_relay_that_ends_gives_back_what_it_holds() -> None:
    plant = Plant()
    plant.stop_after = 6
    await plant.relay.run()
    assert max(facts for facts in plant.facts("holds")) == (16,)
    assert all(row.until_s == float("-inf") for row in plant.store.leases)
    assert all(row.fence == 1 for row in plant.store.leases)


async def test_a_store_that_is_away_is_waited_for() -> None:
    plant = Plant()
    failing = plant.relay._outbox.claim

    async def away(*_: Any) -> Any:
        plant.relay._outbox.claim = failing  # type: ignore[method-assign]  # away once
        raise StoreUnavailable("it is away", definite=True)

    plant.relay._outbox.claim = away  # type: ignore[method-assign]  # the same
    plant.commit(told(uuid4(), 1))
    plant.stop_after = 4
    await plant.relay.run()
    assert plant.marked() == [1]
    assert len(plant.facts("away")) == 1
