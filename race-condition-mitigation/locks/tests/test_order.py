"""A release never overtakes the SET it takes back, however late the node gets round to it."""

import asyncio
import secrets
import time

import pytest

from trivet_locks import (
    Freed,
    LockBusy,
    MemoryNode,
    NodeError,
    Outcome,
    QuorumUnavailable,
    RedisNode,
    Redlock,
    redis_node,
)

KEY = "resource_lock:ticket-1"
TTL_MS = 60_000


class LateNode(MemoryNode):
    """A server whose socket takes commands at once and that executes them, in order, when it is let go."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._go = asyncio.Event()
        self.executed: list[str] = []
        self._tasks: set[asyncio.Task[bool]] = set()

    def let_go(self) -> None:
        self._go.set()

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        return await self._late("set", super().set_if_absent(key, token, ttl_ms))

    async def release(self, key: str, token: str) -> bool:
        return await self._late("release", super().release(key, token))

    async def _late(self, what, command) -> bool:
        async def execute() -> bool:
            await self._go.wait()
            self.executed.append(what)
            return await command

        task = asyncio.create_task(execute())
        self._tasks.add(task)
        return await asyncio.shield(task)


async def test_a_win_does_not_wait_for_the_late_nodes_and_their_keys_go_with_the_lease() -> None:
    late = [LateNode("late 0"), LateNode("late 1")]
    prompt = [MemoryNode(str(index)) for index in range(3)]
    # An hour: if the win waited for the late nodes' deadline, this test would not end.
    lock = Redlock([*late, *prompt], node_deadline_ms=3_600_000)
    lease = await lock.acquire("ticket-1", ttl_ms=TTL_MS)
    assert lease.nodes["late 0"].outcome is Outcome.PENDING
    report = await lease.release()
    assert report
    assert report.nodes["late 0"] is Freed.PENDING
    for node in late:
        node.let_go()
    await lock.close()
    assert [node.executed for node in late] == [["set", "release"]] * 2
    assert {node.holder(KEY) for node in [*late, *prompt]} == {None}


async def test_a_late_grant_joins_the_lease(eventually) -> None:
    late = LateNode("late")
    lock = Redlock([late, *(MemoryNode(str(index)) for index in range(2))], node_deadline_ms=3_600_000)
    lease = await lock.acquire("ticket-1", ttl_ms=TTL_MS)
    late.let_go()
    await eventually(lambda: lease.nodes["late"].outcome is not Outcome.PENDING)
    assert lease.nodes["late"].outcome is Outcome.GRANTED
    assert (await lease.release()).nodes["late"] is Freed.DELETED


async def test_a_loss_is_told_before_the_late_nodes_answer_and_leaves_nothing_there() -> None:
    late = [LateNode("late 0"), LateNode("late 1")]
    busy = [MemoryNode(str(index)) for index in range(3)]
    for node in busy:
        await node.set_if_absent(KEY, "somebody else", TTL_MS)
    lock = Redlock([*late, *busy], node_deadline_ms=3_600_000)
    with pytest.raises(LockBusy) as caught:
        await lock.acquire("ticket-1", ttl_ms=TTL_MS)
    assert caught.value.nodes["late 0"].outcome is Outcome.PENDING
    for node in late:
        node.let_go()
    await lock.close()
    assert [node.executed for node in late] == [["set", "release"]] * 2
    assert {node.holder(KEY) for node in late} == {None}


async def test_a_paused_master_executes_the_set_and_then_its_release(breakable, eventually) -> None:
    lock = Redlock.connect(breakable.urls, node_deadline_ms=500)
    await (await lock.acquire("warm-up", ttl_ms=TTL_MS, wait_ms=TTL_MS)).release()
    sets, releases = breakable.calls(0, "set"), breakable.calls(0, "evalsha") + breakable.calls(0, "eval")
    for part in breakable.parts[:3]:
        part.pause()
    with pytest.raises(QuorumUnavailable) as caught:
        await lock.acquire("ticket-1", ttl_ms=TTL_MS)
    outcomes = [answer.outcome for answer in caught.value.nodes.values()]
    assert outcomes == [Outcome.TIMEOUT] * 3 + [Outcome.GRANTED] * 2
    for part in breakable.parts[:3]:
        part.resume()
    await lock.close()
    await eventually(lambda: breakable.calls(0, "set") > sets)
    await eventually(lambda: breakable.calls(0, "evalsha") + breakable.calls(0, "eval") > releases)
    assert breakable.holders(KEY) == [None] * 5


async def hung_up_before_the_answer(breakable, key: str, eventually) -> list[str | None]:
    """Send a SET to a paused master, wait until the line has hung up on it, and let it execute what it was sent."""
    node = RedisNode(breakable.urls[0])
    await node.set_if_absent(f"{key}:warm", "a", 20)
    sets = breakable.calls(0, "set")
    breakable.parts[0].pause()
    with pytest.raises(NodeError, match="no answer"):
        await node.set_if_absent(key, "a", TTL_MS)
    breakable.parts[0].resume()
    await eventually(lambda: breakable.calls(0, "set") > sets)
    await node.close()
    return breakable.holders(key)[:1]


async def test_a_line_that_hangs_up_takes_back_what_it_never_heard_of(
    breakable,
    eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_node, "_STALL_S", 0.2)
    assert await hung_up_before_the_answer(breakable, secrets.token_hex(8), eventually) == [None]


async def test_without_its_parting_words_the_key_would_stay(
    breakable,
    eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_node, "_STALL_S", 0.2)
    monkeypatch.setattr(redis_node, "_release_by_eval", lambda *_: redis_node._pack("PING"))
    assert await hung_up_before_the_answer(breakable, secrets.token_hex(8), eventually) == ["a"]


async def acquired_although_this_process_was_paused(masters) -> Outcome:
    """Ask, stand still for longer than every deadline while the nodes answer, and say how it ended."""
    lock = Redlock.connect(masters.urls, node_deadline_ms=20)
    async with lock.hold("warm-up", ttl_ms=TTL_MS, wait_ms=TTL_MS):
        pass
    asking = asyncio.create_task(lock.acquire(secrets.token_hex(8), ttl_ms=TTL_MS))
    for _ in range(4):  # start, ask, write
        await asyncio.sleep(0)
    time.sleep(0.3)  # noqa: ASYNC251  - this is the fault: the whole process stands still
    try:
        await (await asking).release()
        return Outcome.GRANTED
    except QuorumUnavailable:
        return Outcome.TIMEOUT
    finally:
        await lock.close()


async def test_answers_that_arrived_while_this_process_was_paused_are_heard(
    masters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_node, "_STALL_S", 0.1)
    assert await acquired_although_this_process_was_paused(masters) is Outcome.GRANTED


async def test_without_turning_the_loop_once_more_they_would_not_be(masters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_locks.attempt._HOPS", 0)
    assert await acquired_although_this_process_was_paused(masters) is Outcome.TIMEOUT
