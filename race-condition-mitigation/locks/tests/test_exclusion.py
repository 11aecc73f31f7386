"""Two never hold at once: in every history Hypothesis finds, and under real contention."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from trivet_locks import Lease, MemoryNode, NodeError, NotAcquired, Redlock, ballot

MS = 1_000_000
TTL_MS = 1000
MOODS = ["answers", "answers", "loses the command", "loses the answer"]
T = TypeVar("T")


class FlakyNode(MemoryNode):
    """Answers, or loses the command, or applies it and loses the answer; its clock runs at a rate of its own."""

    mood = "answers"

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        return await self._flaky(lambda: super(FlakyNode, self).set_if_absent(key, token, ttl_ms))

    async def release(self, key: str, token: str) -> bool:
        return await self._flaky(lambda: super(FlakyNode, self).release(key, token))

    async def _flaky(self, command: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
        if self.mood == "loses the command":
            raise NodeError(self.mood)
        answer = await command()
        if self.mood == "loses the answer":
            raise NodeError(self.mood)
        return answer


class Contenders(RuleBasedStateMachine):
    """Clients, five flaky nodes of which a majority has a clock that is 1 % fast, and time that passes in jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self.nodes = [
            FlakyNode(str(index), clock=lambda rate=101 - index % 2: self.now_ns * rate // 100) for index in range(5)
        ]
        self.lock = Redlock(self.nodes, clock=lambda: self.now_ns)
        self.leases: list[Lease] = []
        self.runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(moods=st.one_of(st.just(["answers"] * 5), st.lists(st.sampled_from(MOODS), min_size=5, max_size=5)))
    def change_moods(self, moods: list[str]) -> None:
        for node, mood in zip(self.nodes, moods, strict=True):
            node.mood = mood

    @rule(step_ms=st.sampled_from([1, 400, 988, 995]))
    def pass_time(self, step_ms: int) -> None:
        self.now_ns += step_ms * MS

    @rule()
    def acquire(self) -> None:
        async def once() -> None:
            with suppress(NotAcquired):
                self.leases.append(await self.lock.acquire("ticket-1", ttl_ms=TTL_MS))
            await self.lock.close()

        self.run(once())

    @rule(choice=st.randoms(use_true_random=False))
    def release(self, choice: Any) -> None:
        async def once(lease: Lease) -> None:
            await lease.release()
            await self.lock.close()

        if self.leases:
            self.run(once(choice.choice(self.leases)))

    @invariant()
    def at_most_one_holds(self) -> None:
        held = [lease for lease in self.leases if lease.held]
        assert len(held) <= 1, held

    def teardown(self) -> None:
        self.runner.close()


FEW = settings(max_examples=300, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_no_history_has_two_holders() -> None:
    run_state_machine_as_test(Contenders, settings=FEW)


def caught(*, because: str) -> None:
    with pytest.raises(AssertionError) as failure:
        run_state_machine_as_test(
            Contenders, settings=settings(FEW, max_examples=1000, derandomize=True, phases=[Phase.generate])
        )
    assert "Lease" in str(failure.value), because


def test_a_quorum_of_two_of_five_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballot, "quorum", lambda _: 2)
    caught(because="two disjoint minorities win")


def test_validity_without_drift_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_locks.validity.drift_ns", lambda _: 0)
    caught(because="a fast node expires the key early")


def test_a_release_without_token_comparison_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    async def careless(self: MemoryNode, key: str, token: str) -> bool:  # noqa: ARG001  - that is the mistake
        return self._held.pop(key, None) is not None

    monkeypatch.setattr(MemoryNode, "release", careless)
    caught(because="a late release frees the next holder's key")


async def test_real_contention_never_overlaps(masters) -> None:
    locks = [Redlock.connect(masters.urls) for _ in range(3)]
    resource = f"contended-{secrets.token_hex(8)}"
    inside: list[str] = []
    entered = 0

    async def contend(lock: Redlock) -> None:
        nonlocal entered
        for _ in range(12):
            async with lock.hold(resource, ttl_ms=10_000, wait_ms=60_000) as lease:
                inside.append(lease.token)
                await asyncio.sleep(0)
                assert inside == [lease.token]
                inside.remove(lease.token)
                entered += 1

    await asyncio.gather(*(contend(lock) for lock in locks for _ in range(4)))
    assert entered == 3 * 4 * 12
    for lock in locks:
        await lock.close()
    assert masters.holders(f"resource_lock:{resource}") == [None] * 5
