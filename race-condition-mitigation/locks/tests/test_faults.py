"""Minorities and majorities of real masters, killed and paused."""

import asyncio
import secrets

import pytest

from trivet_locks import LockBusy, Outcome, QuorumUnavailable, Redlock

TTL_MS = 60_000
# A busy machine is no defect: healthy masters get all the time they need, silent ones are waited for no longer.
CALM_MS = 1000


@pytest.fixture
def resource() -> str:
    return f"faults-{secrets.token_hex(8)}"


@pytest.mark.parametrize("fault", ["kill", "pause"])
async def test_a_minority_costs_nothing(breakable, resource: str, fault: str) -> None:
    # An hour: if an attempt waited for a silent node's deadline, this test would not end.
    lock = Redlock.connect(breakable.urls, node_deadline_ms=3_600_000)
    async with lock.hold("warm-up", ttl_ms=TTL_MS):
        pass
    for part in breakable.parts[:2]:
        getattr(part, fault)()
    lease = await lock.acquire(resource, ttl_ms=TTL_MS)
    assert [answer.outcome for answer in lease.nodes.values()].count(Outcome.GRANTED) == 3
    with pytest.raises(LockBusy):
        await lock.acquire(resource, ttl_ms=TTL_MS)
    assert await lease.release()
    await (await lock.acquire(resource, ttl_ms=TTL_MS)).release()
    breakable.heal()
    await lock.close()


@pytest.mark.parametrize(("fault", "outcome"), [("kill", Outcome.ERROR), ("pause", Outcome.TIMEOUT)])
async def test_a_majority_is_told_apart_from_a_busy_lock_and_nothing_stays(
    breakable,
    eventually,
    resource: str,
    fault: str,
    outcome: Outcome,
) -> None:
    lock = Redlock.connect(breakable.urls, node_deadline_ms=CALM_MS)
    for part in breakable.parts[:3]:
        getattr(part, fault)()
    with pytest.raises(QuorumUnavailable) as caught:
        await lock.acquire(resource, ttl_ms=TTL_MS)
    assert [answer.outcome for answer in caught.value.nodes.values()][:3] == [outcome] * 3
    breakable.heal()
    await eventually(lambda: breakable.holders(f"resource_lock:{resource}") == [None] * 5)
    # The same lock finds its nodes again by itself.
    await (await lock.acquire(resource, ttl_ms=TTL_MS, wait_ms=TTL_MS)).release()
    await lock.close()


async def test_a_lease_survives_the_minority_that_forgot_it(breakable, resource: str) -> None:
    holder, rival = (
        Redlock.connect(breakable.urls, node_deadline_ms=CALM_MS),
        Redlock.connect(breakable.urls, node_deadline_ms=CALM_MS),
    )
    lease = await holder.acquire(resource, ttl_ms=TTL_MS)
    for part in breakable.parts[:2]:
        part.kill()
    breakable.heal()
    with pytest.raises(LockBusy):
        await rival.acquire(resource, ttl_ms=TTL_MS)
    await rival.close()  # what the two empty masters granted the rival is taken back behind its refusal
    assert breakable.holders(f"resource_lock:{resource}") == [None, None, *[lease.token] * 3]
    await lease.release()
    await holder.close()


async def test_a_majority_that_restarts_without_its_keys_lets_two_in(breakable, resource: str) -> None:
    # Why a crashed node stays out for longer than the longest TTL, and why the fence exists.
    holder, rival = (
        Redlock.connect(breakable.urls, node_deadline_ms=CALM_MS),
        Redlock.connect(breakable.urls, node_deadline_ms=CALM_MS),
    )
    stale = await holder.acquire(resource, ttl_ms=TTL_MS)
    for part in breakable.parts[:3]:
        part.kill()
    breakable.heal()
    fresh = await rival.acquire(resource, ttl_ms=TTL_MS)
    assert stale.held
    assert fresh.held
    await holder.close()
    await rival.close()


async def test_many_event_loops_share_one_lock(masters, resource: str) -> None:
    lock = Redlock.connect(masters.urls, node_deadline_ms=CALM_MS)

    def in_a_thread() -> int:
        async def use() -> int:
            lease = await lock.acquire(resource, ttl_ms=TTL_MS, wait_ms=TTL_MS)
            left_ms = lease.validity_ms
            await lease.release()
            return left_ms

        return asyncio.run(use())

    lefts = await asyncio.gather(*(asyncio.to_thread(in_a_thread) for _ in range(4)))
    assert all(left_ms > 0 for left_ms in lefts)
    assert masters.holders(f"resource_lock:{resource}") == [None] * 5
    await lock.close()
