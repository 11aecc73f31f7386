"""Any number of relays, paused, killed and lied to at every step: what the topic holds is in order all the same.

A scheduler that a seed drives steps the relays' coroutines one port call at a time. Between two steps time may pass a
lease's end, a relay may die and another start, a shard's orders go on, and a message that a dead relay had sent may
still arrive.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Coroutine, Generator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from trivet_order.adapters.memory.relaying import MemoryLeases, MemoryOutbox, MemoryOutboxStore, MemoryTopic
from trivet_order.application.leasing import Lease
from trivet_order.application.messages import Message
from trivet_order.application.relaying import (
    Claimed,
    Failure,
    Fate,
    Relay,
    RelayPace,
    SendOutcome,
)

LEASE_S = 10.0
MAIN = ("main", 1)
ELSEWHERE = ("elsewhere", 2)


class Step:
    """A place where the scheduler decides what comes next."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Stepping:
    """Every method of a port, with a step before it and one after it: its effect is one moment between them."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> Any:
            await Step()
            result = await getattr(self._port, name)(*arguments)
            await Step()
            return result

        return call


class Silent:
    """An observer that remembers nothing."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


class Network:
    """Delivers what was sent: now, later, never, and perhaps without anybody learning of it."""

    def __init__(self, rng: random.Random, topic: MemoryTopic) -> None:
        self.rng = rng
        self.topic = topic
        self.late: list[list[Message]] = []
        self.is_calm = False

    def deliver_one(self) -> None:
        if self.late:
            self.topic.append(self.late.pop(self.rng.randrange(len(self.late))))

    async def send(self, messages: Sequence[Message], alone: Collection[UUID] = ()) -> Sequence[SendOutcome]:
        """Send each partition's messages in appends of a few, each after the one before it was acknowledged."""
        del alone
        outcomes = [SendOutcome(Fate.HELD_BACK)] * len(messages)
        for partition in range(len(self.topic.partitions)):
            mine = [i for i, each in enumerate(messages) if self.topic.partition_of(each.aggregate_id) == partition]
            while mine:
                size = self.rng.randint(1, 3)
                append, mine = mine[:size], mine[size:]
                outcome = await self._append([messages[i] for i in append])
                for i in append:
                    outcomes[i] = outcome
                if outcome.fate is not Fate.ACKNOWLEDGED:
                    break
        return outcomes

    async def _append(self, messages: list[Message]) -> SendOutcome:
        await Step()
        what = "arrives" if self.is_calm else self.rng.choice(["arrives"] * 6 + ["refused", "lost", "untold", "late"])
        if what == "refused":
            return SendOutcome(Fate.FAILED, "refused")
        if what == "late":
            self.late.append(messages)
        elif what != "lost":
            self.topic.append(messages)
        await Step()
        if what == "arrives":
            return SendOutcome(Fate.ACKNOWLEDGED)
        return SendOutcome(Fate.FAILED, "nobody knows", definite=False)


class Plant:
    """Relays under a scheduler."""

    def __init__(self, seed: int, relays: int = 3, aggregates: int = 5) -> None:
        self.rng = random.Random(seed)  # noqa: S311  - a schedule, which keeps no secret
        self.clock_s = 0.0
        self.store = MemoryOutboxStore(lambda: self.clock_s, shards=4)
        self.topics = {MAIN[0]: MemoryTopic([[], []]), ELSEWHERE[0]: MemoryTopic([[], []])}
        self.networks = {name: Network(self.rng, topic) for name, topic in self.topics.items()}
        self.aggregates = [UUID(int=self.rng.getrandbits(128)) for _ in range(aggregates)]
        self.versions = dict.fromkeys(self.aggregates, 0)
        self.relayed = MAIN
        self.names = count()
        self.running: list[Coroutine[Any, Any, None]] = [self.relay() for _ in range(relays)]

    def relay(self) -> Coroutine[Any, Any, None]:
        holder = f"relay {next(self.names)}"
        pace = RelayPace(batch=self.rng.randint(1, 12), shards_a_turn=2, lease_s=LEASE_S)
        return Relay(
            Stepping(MemoryOutbox(self.store, holder, self.relayed)),
            Stepping(MemoryLeases(self.store, holder, self.relayed, LEASE_S)),
            self.networks[self.relayed[0]],
            time=self,
            observer=Silent(),
            pace=pace,
            jitter=self.rng.random,
            failpoint=self.failpoint,
        ).run()

    def now_s(self) -> float:
        return self.clock_s

    async def pause(self, seconds: float) -> None:
        until_s = self.clock_s + seconds
        while self.clock_s < until_s:
            await Step()

    async def failpoint(self, _: str) -> None:
        await Step()

    def tell(self) -> None:
        aggregate = self.rng.choice(self.aggregates)
        self.versions[aggregate] += 1
        self.store.commit(aggregate.int % 4, message(aggregate, self.versions[aggregate]))

    def happen(self) -> None:
        """Let one thing happen."""
        match self.rng.choices(["step", "tell", "time", "lease over", "die", "arrive"], [1000, 60, 300, 6, 4, 40], k=1)[
            0
        ]:
            case "step":
                self.step(self.rng.randrange(len(self.running)))
            case "tell":
                self.tell()
            case "time":
                self.clock_s += self.rng.choice([0.01, 0.1, 1.0])
            case "lease over":
                self.clock_s += LEASE_S + 1
            case "die":
                self.running.pop(self.rng.randrange(len(self.running))).close()
                self.running.append(self.relay())
            case "arrive":
                self.networks[self.relayed[0]].deliver_one()

    def step(self, index: int) -> None:
        self.running[index].send(None)

    def drain(self) -> None:
        """Let nothing fail any more until everything is published; what is late arrives at the very end."""
        for network in self.networks.values():
            network.is_calm = True
        for _ in range(200_000):
            if all(row.published == self.relayed for row in self.store.rows):
                break
            self.clock_s += 0.01
            self.step(self.rng.randrange(len(self.running)))
        for network in self.networks.values():
            while network.late:
                network.deliver_one()
        for each in self.running:
            each.close()


def message(aggregate: UUID, version: int) -> Message:
    event_id = UUID(int=(aggregate.int ^ version) & (2**128 - 1))
    return Message(event_id, aggregate, version, "OrderCreated", 1, datetime(2026, 1, 1, tzinfo=UTC), None, b"{}")


def assert_in_order(plant: Plant, topic: MemoryTopic) -> None:
    """The four statements, read from the topic alone and compared with what was committed."""
    committed = {row.message.event_id: row.message for row in plant.store.rows}
    seen: dict[UUID, list[int]] = {}
    once: set[UUID] = set()
    for partition in topic.partitions:
        for each in partition:
            assert committed[each.event_id] == each, "what nobody committed was published"
            if each.event_id not in once:
                once.add(each.event_id)
                seen.setdefault(each.aggregate_id, []).append(each.aggregate_version)
    for aggregate, versions in seen.items():
        assert versions == list(range(1, len(versions) + 1)), f"{aggregate}: {versions}"
    assert once == set(committed), "a committed message was not published"


def run(seed: int, happenings: int = 3000) -> Plant:
    plant = Plant(seed)
    for _ in range(happenings):
        plant.happen()
    plant.drain()
    return plant


def run_with_a_move(seed: int) -> Plant:
    """Move to another cluster in the middle, relay by relay, while the old ones are still at work."""
    plant = Plant(seed)
    for _ in range(1200):
        plant.happen()
    plant.relayed = ELSEWHERE
    plant.running.append(plant.relay())
    for _ in range(1800):
        plant.happen()
    while len(plant.running) > 1:
        plant.running.pop(0).close()
    plant.running.append(plant.relay())
    plant.clock_s += LEASE_S
    plant.drain()
    return plant


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_to_relays_the_topic_is_whole_and_in_order(seed: int) -> None:
    plant = run(seed)
    assert_in_order(plant, plant.topics["main"])


@pytest.mark.parametrize("seed", range(30))
def test_what_was_published_elsewhere_is_published_again_and_in_order(seed: int) -> None:
    plant = run_with_a_move(seed)
    assert_in_order(plant, plant.topics["elsewhere"])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 2000, 50))
def test_many_more_seeds(seed: int) -> None:
    for each in range(seed, seed + 50):
        plant = run(each)
        assert_in_order(plant, plant.topics["main"])
        plant = run_with_a_move(each)
        assert_in_order(plant, plant.topics["elsewhere"])


def test_the_seeds_reach_what_they_are_for() -> None:
    """Duplicates, refused marks and arrivals after a death take place; a plant where none did would show nothing."""
    twice = late = refused = 0

    class Counting(MemoryOutbox):
        async def mark(self, leases: Sequence[Lease], published: Sequence[Claimed]) -> int:
            nonlocal refused
            marked = await super().mark(leases, published)
            refused += marked < len(published)
            return marked

        async def block(self, failures: Sequence[Failure]) -> None:
            nonlocal late
            late += sum(failure.error == "nobody knows" for failure in failures)
            await super().block(failures)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "MemoryOutbox", Counting)
        for seed in range(10):
            plant = run(seed)
            sent = [each.event_id for partition in plant.topics["main"].partitions for each in partition]
            twice += len(sent) - len(set(sent))
    assert twice > 50
    assert late > 50
    assert refused > 5
