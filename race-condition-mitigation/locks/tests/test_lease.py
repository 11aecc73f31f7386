import asyncio

import pytest

from trivet_locks import Freed, LeaseLost, LockBusy, MemoryNode, Outcome, QuorumUnavailable, Redlock

MS = 1_000_000


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_ns = 7_000_000 * MS

    def __call__(self) -> int:
        return self.now_ns

    def pass_ms(self, milliseconds: int) -> None:
        self.now_ns += milliseconds * MS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nodes(clock: Clock) -> list[MemoryNode]:
    return [MemoryNode(str(index), clock=clock) for index in range(5)]


async def test_a_lease_says_how_long_it_may_be_believed(nodes: list[MemoryNode], clock: Clock) -> None:
    lease = await Redlock(nodes, clock=clock).acquire("ticket-1", ttl_ms=5000)
    assert (lease.resource, lease.validity_ms, lease.held) == ("ticket-1", 4948, True)
    clock.pass_ms(4947)
    lease.ensure_held()
    clock.pass_ms(1)
    assert (lease.validity_ms, lease.held, lease.expired) == (0, False, True)
    with pytest.raises(LeaseLost, match="validity has passed"):
        lease.ensure_held()


async def test_its_validity_ends_before_any_node_grants_the_key_again(nodes: list[MemoryNode], clock: Clock) -> None:
    lock = Redlock(nodes, clock=clock)
    lease = await lock.acquire("ticket-1", ttl_ms=5000)
    while lease.held:
        with pytest.raises(LockBusy):
            await lock.acquire("ticket-1", ttl_ms=5000)
        clock.pass_ms(499)
    clock.pass_ms(499)
    await lock.acquire("ticket-1", ttl_ms=5000)


async def test_a_release_is_reported_and_may_be_repeated(nodes: list[MemoryNode], clock: Clock) -> None:
    lease = await Redlock(nodes, clock=clock).acquire("ticket-1", ttl_ms=5000)
    first = await lease.release()
    assert first
    assert set(first.nodes.values()) == {Freed.DELETED}
    assert await lease.release() == first
    assert lease.validity_ms == 0
    assert not lease.expired
    with pytest.raises(LeaseLost, match="released"):
        lease.ensure_held()


async def test_a_late_release_leaves_the_next_holder_alone(nodes: list[MemoryNode], clock: Clock) -> None:
    lock = Redlock(nodes, clock=clock)
    late = await lock.acquire("ticket-1", ttl_ms=5000)
    clock.pass_ms(5001)
    current = await lock.acquire("ticket-1", ttl_ms=5000)
    report = await late.release()
    assert report
    assert set(report.nodes.values()) == {Freed.ABSENT}
    assert {node.holder("resource_lock:ticket-1") for node in nodes} == {current.token}


async def test_a_quorum_that_comes_too_late_is_no_lease_and_leaves_nothing(clock: Clock) -> None:
    class Slow(MemoryNode):
        async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
            granted = await super().set_if_absent(key, token, ttl_ms)
            clock.pass_ms(20)
            return granted

    nodes = [Slow(str(index), clock=clock) for index in range(5)]
    lock = Redlock(nodes, clock=clock)
    with pytest.raises(QuorumUnavailable, match="validity") as caught:
        await lock.acquire("ticket-1", ttl_ms=60)
    assert [answer.outcome for answer in caught.value.nodes.values()].count(Outcome.GRANTED) >= 3
    await lock.close()
    assert {node.holder("resource_lock:ticket-1") for node in nodes} == {None}


async def test_the_body_is_cancelled_when_the_validity_ends() -> None:
    nodes = [MemoryNode(str(index)) for index in range(5)]
    lock = Redlock(nodes)
    reached: list[str] = []

    async def use() -> None:
        async with lock.hold("ticket-1", ttl_ms=50):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                reached.append("cancelled")
                raise
            reached.append("went on")

    with pytest.raises(LeaseLost, match="while it was in use"):
        await use()
    assert reached == ["cancelled"]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert {node.holder("resource_lock:ticket-1") for node in nodes} == {None}


async def test_a_body_that_ends_too_late_by_itself_is_told(nodes: list[MemoryNode], clock: Clock) -> None:
    lock = Redlock(nodes, clock=clock)
    with pytest.raises(LeaseLost, match="before its use did"):
        async with lock.hold("ticket-1", ttl_ms=5000):
            clock.pass_ms(5000)


async def test_what_the_body_raises_is_not_disguised(nodes: list[MemoryNode], clock: Clock) -> None:
    lock = Redlock(nodes, clock=clock)
    for raised in (TimeoutError("its own"), KeyError("its own")):
        with pytest.raises(type(raised), match="its own"):
            async with lock.hold("ticket-1", ttl_ms=5000):
                raise raised
    assert {node.holder("resource_lock:ticket-1") for node in nodes} == {None}


async def test_cancellation_from_outside_stays_a_cancellation(nodes: list[MemoryNode], clock: Clock) -> None:
    lock = Redlock(nodes, clock=clock)
    inside = asyncio.Event()

    async def use() -> None:
        async with lock.hold("ticket-1", ttl_ms=5000):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {node.holder("resource_lock:ticket-1") for node in nodes} == {None}


async def test_waiting_asks_again_after_random_delays_until_the_time_is_over(
    nodes: list[MemoryNode], clock: Clock
) -> None:
    delays: list[int] = []

    def delay_ms(attempt: int) -> float:
        delays.append(attempt)
        clock.pass_ms(300)
        return 0

    lock = Redlock(nodes, clock=clock, delay_ms=delay_ms)
    held = await lock.acquire("ticket-1", ttl_ms=60_000)
    with pytest.raises(LockBusy):
        await lock.acquire("ticket-1", ttl_ms=5000, wait_ms=1000)
    assert delays == [1, 2, 3, 4]

    def free_it(attempt: int) -> float:
        for node in nodes:
            node._held.clear()
        return attempt - 1

    lock = Redlock(nodes, clock=clock, delay_ms=free_it)
    lease = await lock.acquire("ticket-1", ttl_ms=5000, wait_ms=1000)
    assert lease.token != held.token


async def test_a_ttl_without_validity_is_refused_before_any_node_is_asked(nodes: list[MemoryNode]) -> None:
    with pytest.raises(ValueError, match="no validity"):
        await Redlock(nodes).acquire("ticket-1", ttl_ms=2)
    assert not any(node._held for node in nodes)


async def test_waiters_take_turns_in_the_order_they_came_and_ask_one_at_a_time() -> None:
    asking: set[str] = set()
    most = 0

    class Watched(MemoryNode):
        async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
            nonlocal most
            asking.add(token)
            most = max(most, len(asking))
            await asyncio.sleep(0)
            granted = await super().set_if_absent(key, token, ttl_ms)
            asking.discard(token)
            return granted

    lock = Redlock([Watched("only")], delay_ms=lambda _: 0)
    held = await lock.acquire("ticket-1", ttl_ms=60_000)
    served: list[int] = []

    async def wait(number: int) -> None:
        async with lock.hold("ticket-1", ttl_ms=60_000, wait_ms=60_000):
            served.append(number)

    waiting = []
    for number in range(20):
        waiting.append(asyncio.create_task(wait(number)))
        for _ in range(20):
            await asyncio.sleep(0)
    most = 0
    asking.clear()
    waiting[7].cancel()
    await held.release()
    await asyncio.wait(waiting)
    assert served == [number for number in range(20) if number != 7]
    assert most == 1
    assert not lock._turnstiles._queues


async def test_a_waiter_whose_turn_never_comes_gets_the_refusal(nodes: list[MemoryNode]) -> None:
    lock = Redlock(nodes)
    await lock.acquire("ticket-1", ttl_ms=60_000)
    head = asyncio.create_task(lock.acquire("ticket-1", ttl_ms=1000, wait_ms=60_000))
    await asyncio.sleep(0)
    with pytest.raises(LockBusy) as caught:
        await lock.acquire("ticket-1", ttl_ms=1000, wait_ms=20)
    assert caught.value.nodes
    head.cancel()
    await asyncio.wait({head})
