"""Cancelled at any await, a holder leaves no key behind on any node."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import pytest

from trivet_locks import MemoryNode, Redlock

KEY = "resource_lock:ticket-1"
TTL_MS = 60_000


class HesitantNode(MemoryNode):
    """Lets the event loop turn before it applies a command, and again before it answers."""

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        await self._hesitate()
        granted = await super().set_if_absent(key, token, ttl_ms)
        await self._hesitate()
        return granted

    async def release(self, key: str, token: str) -> bool:
        await self._hesitate()
        deleted = await super().release(key, token)
        await self._hesitate()
        return deleted

    async def _hesitate(self) -> None:
        for _ in range(1 + int(self.name)):
            await asyncio.sleep(0)


async def use(lock: Redlock, resource: str) -> None:
    async with lock.hold(resource, ttl_ms=TTL_MS, wait_ms=TTL_MS):
        await asyncio.sleep(0)


async def cancelled_after(turns: int, lock: Redlock, resource: str) -> bool:
    """Use the lock, cancelled after so many turns of the event loop. False once it has ended by itself."""
    task = asyncio.create_task(use(lock, resource))
    for _ in range(turns):
        await asyncio.sleep(0)
    cancelled = task.cancel()
    await asyncio.wait({task})
    return cancelled


async def cancel_at_every_turn() -> int:
    turns = 0
    nodes = [HesitantNode(str(index)) for index in range(5)]
    lock = Redlock(nodes)
    while await cancelled_after(turns, lock, "ticket-1"):
        await lock.close()
        assert [node.holder(KEY) for node in nodes] == [None] * 5, f"cancelled after {turns} turns"
        turns += 1
    return turns


async def test_a_fake_that_hesitates_everywhere() -> None:
    assert await cancel_at_every_turn() > 12


async def test_an_attempt_that_is_not_taken_back_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget(*_: object) -> None: ...

    monkeypatch.setattr(Redlock, "_take_back", forget)
    with pytest.raises(AssertionError, match="cancelled after"):
        await cancel_at_every_turn()


async def test_a_release_that_is_cancelled_goes_on() -> None:
    nodes = [HesitantNode(str(index)) for index in range(5)]
    lock = Redlock(nodes)
    turns, cancelled = 0, True
    while cancelled:
        lease = await lock.acquire("ticket-1", ttl_ms=TTL_MS)
        releasing = asyncio.create_task(lease.release())
        await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        cancelled = releasing.cancel()
        await asyncio.wait({releasing})
        await lock.close()
        assert [node.holder(KEY) for node in nodes] == [None] * 5, f"cancelled after {turns} turns"
        turns += 1
    assert turns > 3


async def test_five_real_masters(masters, eventually: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
    lock = Redlock.connect(masters.urls)
    resource = f"cancelled-{secrets.token_hex(8)}"
    key = f"resource_lock:{resource}"
    reached: list[str] = []
    for turns in range(400):
        if not await cancelled_after(turns, lock, resource):
            reached.append("ended by itself")
            break
        await eventually(lambda: masters.holders(key) == [None] * 5)
    assert reached
    await lock.close()


async def test_both_cancelled_while_they_compete_for_real_masters(
    masters,
    eventually: Callable[[Callable[[], bool]], Awaitable[None]],
) -> None:
    locks = [Redlock.connect(masters.urls) for _ in range(2)]
    resource = f"competed-{secrets.token_hex(8)}"
    for turns in range(0, 60, 3):
        await asyncio.gather(*(cancelled_after(turns, lock, resource) for lock in locks))
        await eventually(lambda: masters.holders(f"resource_lock:{resource}") == [None] * 5)
    for lock in locks:
        await lock.close()
