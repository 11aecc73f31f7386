"""What a fence refuses, and where it must be registered for that."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from trivet_locks import (
    REGISTER_AT_READ,
    WRITE_IF_CURRENT,
    LeaseLost,
    MemoryNode,
    Redlock,
    UnsafeFence,
    check_fence_sequence,
    draw_fence,
)

MS = 1_000_000
TTL_MS = 5000

# The mistake: the fence is compared, but only when writing. READ and WRITE are what each of two holders does.
READ_UNREGISTERED = "SELECT stock FROM items WHERE id = $1 AND $2::bigint > 0"
WRITE_COMPARED = "UPDATE items SET stock = $3, fence = $2 WHERE id = $1 AND fence < $2 RETURNING stock"
# The same write behind a registered read; without the guard on stock, so that the fence alone must refuse.
WRITE_REGISTERED = "UPDATE items SET stock = $3 WHERE id = $1 AND fence = $2 RETURNING stock"


class Shop:
    """One ticket, and holders whose leases end when the clock is told so."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.now_ns = 0
        self.lock = Redlock(
            [MemoryNode(str(index), clock=lambda: self.now_ns) for index in range(5)], clock=lambda: self.now_ns
        )

    async def holder(self) -> int:
        """Acquire, draw a fence, and let the lease pass as if the holder had been paused ever since."""
        lease = await self.lock.acquire("ticket", ttl_ms=TTL_MS)
        fence = await draw_fence(self.connection, "shop_fence", lease)
        self.now_ns += (TTL_MS + 1) * MS
        return fence

    async def sold(self) -> int:
        return int(await self.connection.fetchval("SELECT count(*) FROM sales"))

    async def sell(self, write: str, fence: int, seen: int) -> bool:
        """Write what was computed from the stock that was read, and sell if the write was let through."""
        left = await self.connection.fetchval(write, "ticket", fence, seen - 1)
        if left is not None:
            await self.connection.execute("INSERT INTO sales VALUES ($1)", fence)
        return left is not None


@pytest.fixture
def shop(database: str) -> Callable[[], object]:
    @asynccontextmanager
    async def open_shop() -> AsyncIterator[Shop]:
        connection = await asyncpg.connect(database)
        await connection.execute(
            """DROP TABLE IF EXISTS items, sales; DROP SEQUENCE IF EXISTS shop_fence, cached, cycling;
               CREATE TABLE items (id text PRIMARY KEY, stock int NOT NULL, fence bigint NOT NULL DEFAULT 0);
               CREATE TABLE sales (fence bigint);
               CREATE SEQUENCE shop_fence; CREATE SEQUENCE cached CACHE 20; CREATE SEQUENCE cycling CYCLE;
               INSERT INTO items VALUES ('ticket', 1)"""
        )
        yield Shop(connection)
        await connection.close()

    return open_shop


async def test_fences_grow_in_the_order_of_holding(shop: Callable) -> None:
    async with shop() as s:
        fences = [await s.holder() for _ in range(5)]
        assert fences == sorted(set(fences))


async def test_a_fence_compared_only_at_the_write_oversells(shop: Callable) -> None:
    async with shop() as s:
        a = await s.holder()
        a_saw = await s.connection.fetchval(READ_UNREGISTERED, "ticket", a)
        b = await s.holder()
        b_saw = await s.connection.fetchval(READ_UNREGISTERED, "ticket", b)
        assert await s.sell(WRITE_COMPARED, a, a_saw)
        assert await s.sell(WRITE_COMPARED, b, b_saw)
        assert await s.sold() == 2


async def test_registered_at_the_read_it_does_not(shop: Callable) -> None:
    async with shop() as s:
        a = await s.holder()
        a_saw = await s.connection.fetchval(REGISTER_AT_READ, "ticket", a)
        b = await s.holder()
        b_saw = await s.connection.fetchval(REGISTER_AT_READ, "ticket", b)
        assert not await s.sell(WRITE_REGISTERED, a, a_saw)
        assert await s.sell(WRITE_REGISTERED, b, b_saw)
        assert await s.sold() == 1


async def test_a_stale_holder_can_neither_read_nor_write(shop: Callable) -> None:
    async with shop() as s:
        stale, current = await s.holder(), await s.holder()
        assert await s.connection.fetchval(REGISTER_AT_READ, "ticket", current) == 1
        assert await s.connection.fetchval(REGISTER_AT_READ, "ticket", stale) is None
        assert await s.connection.fetchval(WRITE_IF_CURRENT, "ticket", stale, 1) is None
        assert await s.connection.fetchval(WRITE_IF_CURRENT, "ticket", current, 1) == 0
        assert await s.connection.fetchval(WRITE_IF_CURRENT, "ticket", current, 1) is None


async def test_a_fence_drawn_after_the_lease_ended_is_not_given_out(shop: Callable) -> None:
    async with shop() as s:
        lease = await s.lock.acquire("ticket", ttl_ms=TTL_MS)
        s.now_ns += TTL_MS * MS
        successor = await s.holder()
        with pytest.raises(LeaseLost):
            await draw_fence(s.connection, "shop_fence", lease)
        # Why: the number it drew is above its successor's, which would be the one to be refused.
        assert await s.connection.fetchval("SELECT last_value FROM shop_fence") > successor


async def test_a_sequence_that_can_go_back_is_refused(shop: Callable) -> None:
    async with shop() as s:
        await check_fence_sequence(s.connection, "shop_fence")
        for unsafe in ("cached", "cycling"):
            with pytest.raises(UnsafeFence):
                await check_fence_sequence(s.connection, unsafe)


async def test_a_cached_sequence_does_go_back(shop: Callable, database: str) -> None:
    async with shop() as s:
        other = await asyncpg.connect(database)
        draws = [await c.fetchval("SELECT nextval('cached')") for c in (s.connection, other, s.connection)]
        assert draws != sorted(draws)
        await other.close()


def counters(quorums: Iterator[set[int]], start: dict[int, int]) -> list[int]:
    """The maximum over a quorum of per-node counters, as a fence that does not need a database would be drawn."""
    drawn = []
    for quorum in quorums:
        for node in quorum:
            start[node] += 1
        drawn.append(max(start[node] for node in quorum))
    return drawn


def test_the_maximum_of_counters_over_a_quorum_is_no_fence() -> None:
    assert counters(iter([{1, 2, 3}, {2, 3, 4}]), {1: 4, 2: 0, 3: 0, 4: 0, 5: 0}) == [5, 2]
