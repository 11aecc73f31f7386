"""What relays may rely on of the outbox and its leases, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest
from relay_grounds import Ground, MemoryGround, SqlGround, told

from trivet_order.adapters.sqlalchemy.sharding import SHARDS, shard_of
from trivet_order.application.leasing import Lease
from trivet_order.application.relaying import Failure

Closing = list[Callable[[], Awaitable[None]]]
Open = Callable[[], AbstractAsyncContextManager[Ground]]


@pytest.fixture(params=["memory", "sqlalchemy"])
def ground(request: pytest.FixtureRequest) -> Open:
    """Return what opens a ground, in the test's own loop."""

    @asynccontextmanager
    async def in_memory() -> AsyncIterator[Ground]:
        yield MemoryGround()

    @asynccontextmanager
    async def in_sql() -> AsyncIterator[Ground]:
        url = request.getfixturevalue("database_url")
        connection = await asyncpg.connect(url)
        ground = SqlGround(url, connection)
        try:
            await ground.empty()
            yield ground
        finally:
            await connection.close()
            await ground.database.close()

    if request.param == "sqlalchemy":
        request.getfixturevalue("database_url")  # not in the loop: it migrates in one of its own
        return in_sql
    return in_memory


def two_of_one_shard() -> tuple[UUID, UUID]:
    first = uuid4()
    while shard_of(second := uuid4()) != shard_of(first):
        pass
    return first, second


async def all_of(ground: Ground, holder: str = "a") -> list[Lease]:
    return list(await ground.leases(holder).take(SHARDS, []))


class TestLeases:
    async def test_a_shard_is_one_holders_and_its_fence_grows(self, ground: Open) -> None:
        async with ground() as g:
            first = await g.leases("a").take(5, [])
            assert len(first) == 5
            second = await g.leases("b").take(SHARDS, [])
            assert {lease.shard for lease in first}.isdisjoint(lease.shard for lease in second)
            assert len(second) == SHARDS - 5
            assert await g.leases("c").take(SHARDS, []) == []
            await g.end_leases()
            again = await g.leases("c").take(SHARDS, [])
            assert {lease.shard: lease.fence for lease in again} == {
                lease.shard: lease.fence + 1 for lease in [*first, *second]
            }

    async def test_a_lease_is_renewed_until_somebody_else_took_it(self, ground: Open) -> None:
        async with ground() as g:
            mine = await all_of(g)
            await g.end_leases()
            assert set(await g.leases("a").renew(mine)) == set(mine)
            assert await g.leases("b").take(1, []) == []
            await g.end_leases()
            (taken,) = await g.leases("b").take(1, [])
            kept = await g.leases("a").renew(mine)
            assert set(kept) == {lease for lease in mine if lease.shard != taken.shard}

    async def test_what_is_given_back_is_free_at_once_and_only_by_its_holder(self, ground: Open) -> None:
        async with ground() as g:
            mine = await all_of(g)
            await g.leases("b").give_back(mine)
            assert await g.leases("b").take(1, []) == []
            await g.leases("a").give_back([Lease(lease.shard, lease.fence - 1) for lease in mine])
            assert await g.leases("b").take(1, []) == []
            await g.leases("a").give_back(mine)
            assert len(await g.leases("b").take(SHARDS, [])) == SHARDS

    async def test_who_comes_back_under_its_name_takes_what_it_had(self, ground: Open) -> None:
        async with ground() as g:
            before = await all_of(g)
            half = before[:8]
            again = await g.leases("a").take(SHARDS, half)
            assert {lease.shard for lease in again} == {lease.shard for lease in before[8:]}
            assert all(lease.fence == 2 for lease in again)

    async def test_who_has_two_fewer_takes_one_of_the_fullest_until_all_have_about_as_much(self, ground: Open) -> None:
        async with ground() as g:
            held = {"a": await all_of(g), "b": [], "c": []}
            for holder in ("b", "c", "b", "c", "b", "c", "b", "c", "b", "c"):
                (lease,) = await g.leases(holder).rebalance(held[holder])
                assert lease.fence == 2
                assert lease.shard in {each.shard for each in held["a"]}
                held["a"] = [each for each in held["a"] if each.shard != lease.shard]
                held[holder] = [*held[holder], lease]
            assert {holder: len(leases) for holder, leases in held.items()} == {"a": 6, "b": 5, "c": 5}
            for holder, leases in held.items():
                assert await g.leases(holder).rebalance(leases) == []
                assert set(await g.leases(holder).renew(leases)) == set(leases)

    async def test_what_is_free_gives_nobody_cause_to_take_what_is_held(self, ground: Open) -> None:
        async with ground() as g:
            mine = await all_of(g)
            await g.leases("a").give_back(mine[2:])
            assert len(await g.leases("b").rebalance([])) == 1
            await g.end_leases()
            assert await g.leases("c").rebalance([]) == []

    async def test_a_shard_that_was_relayed_later_elsewhere_is_not_taken(self, ground: Open) -> None:
        async with ground() as g:
            moved = await g.leases("new", "second", 2).take(SHARDS, [])
            await g.outbox("new", "second", 2).reopen(moved)
            assert await g.leases("old", "main", 1).rebalance([]) == []
            await g.end_leases()
            assert await g.leases("old", "main", 1).take(SHARDS, []) == []
            assert await g.leases("confused", "third", 2).take(SHARDS, []) == []
            assert len(await g.leases("new", "second", 2).take(4, [])) == 4
            assert len(await g.leases("newer", "main", 3).take(SHARDS, [])) == SHARDS - 4

    async def test_who_may_not_take_of_the_fullest_takes_of_the_next(self, ground: Open) -> None:
        async with ground() as g:
            moved = await g.leases("new", "second", 2).take(10, [])
            await g.outbox("new", "second", 2).reopen(moved)
            behind = await g.leases("old", "main", 1).take(SHARDS, [])
            assert len(behind) == SHARDS - 10
            (taken,) = await g.leases("late", "main", 1).rebalance([])
            assert taken.shard in {lease.shard for lease in behind}


class TestClaims:
    async def test_the_oldest_come_first_and_those_of_an_order_in_a_row(self, ground: Open) -> None:
        async with ground() as g:
            orders = [uuid4() for _ in range(5)]
            messages = [told(order, version) for version in (1, 2, 3) for order in orders]
            await g.commit(*messages)
            leases = await all_of(g)
            claimed = await g.outbox("a").claim(leases, 1000)
            assert [each.message for each in claimed] == messages
            assert {each.shard for each in claimed} == {shard_of(order) for order in orders}
            for limit in (1, 2, 5, 16, 32):
                part = await g.outbox("a").claim(leases, limit)
                assert 0 < len(part) <= limit
                for order in orders:
                    versions = [e.message.aggregate_version for e in part if e.message.aggregate_id == order]
                    assert versions == list(range(1, len(versions) + 1))

    async def test_nothing_is_claimed_but_under_a_lease_that_holds(self, ground: Open) -> None:
        async with ground() as g:
            order = uuid4()
            await g.commit(told(order, 1))
            leases = await all_of(g)
            outbox = g.outbox("a")
            assert await outbox.claim([Lease(each.shard, each.fence + 1) for each in leases], 10) == []
            assert await g.outbox("b").claim(leases, 10) == []
            assert await outbox.claim([each for each in leases if each.shard != shard_of(order)], 10) == []
            assert len(await outbox.claim(leases, 10)) == 1
            await g.end_leases()
            assert await outbox.claim(leases, 10) == []

    async def test_a_blocked_order_blocks_only_itself_and_not_for_ever(self, ground: Open) -> None:
        async with ground() as g:
            one, other = two_of_one_shard()
            await g.commit(told(one, 1), told(other, 1), told(one, 2), told(other, 2))
            leases, outbox = await all_of(g), g.outbox("a")
            await outbox.block([Failure(one, "too large", 1000)])
            claimed = await outbox.claim(leases, 100)
            assert [each.message for each in claimed] == [told(other, 1), told(other, 2)]
            assert [each.failures for each in claimed] == [0, 0]
            await outbox.block([Failure(one, "still too large", 1000)])
            await g.end_blocks()
            claimed = await outbox.claim(leases, 100)
            assert [each.message for each in claimed if each.failures == 2] == [told(one, 1), told(one, 2)]
            await outbox.unblock([one])
            assert {each.failures for each in await outbox.claim(leases, 100)} == {0}


class TestMarks:
    async def test_what_is_marked_is_claimed_no_more_and_says_where_it_is(self, ground: Open) -> None:
        async with ground() as g:
            order = uuid4()
            await g.commit(told(order, 1), told(order, 2))
            leases, outbox = await all_of(g), g.outbox("a", "main", 3)
            claimed = await outbox.claim(leases, 10)
            assert await outbox.mark(leases, claimed[:1]) == 1
            assert await g.published() == [(told(order, 1).event_id, "main", 3)]
            assert [each.message for each in await outbox.claim(leases, 10)] == [told(order, 2)]

    async def test_a_mark_under_another_fence_is_refused_and_the_others_are_made(self, ground: Open) -> None:
        async with ground() as g:
            orders = [uuid4() for _ in range(40)]
            await g.commit(*(told(order, 1) for order in orders))
            leases, outbox = await all_of(g), g.outbox("a")
            claimed = await outbox.claim(leases, 1000)
            await g.end_leases()
            taken = {lease.shard for lease in await g.leases("b").take(4, [])}
            lost = sum(each.shard in taken for each in claimed)
            assert await outbox.mark(leases, claimed) == len(claimed) - lost
            assert len(await g.published()) == len(claimed) - lost

    async def test_a_mark_of_one_that_died_and_came_back_under_its_name_is_refused(self, ground: Open) -> None:
        async with ground() as g:
            await g.commit(told(uuid4(), 1))
            before = await all_of(g)
            claimed = await g.outbox("a").claim(before, 10)
            again = await g.leases("a").take(SHARDS, [])
            assert await g.outbox("a").mark(before, claimed) == 0
            assert await g.outbox("a").mark(again, claimed) == 1

    async def test_a_lease_that_is_over_and_nobodys_else_still_marks(self, ground: Open) -> None:
        async with ground() as g:
            await g.commit(told(uuid4(), 1))
            leases, outbox = await all_of(g), g.outbox("a")
            claimed = await outbox.claim(leases, 10)
            await g.end_leases()
            assert await outbox.mark(leases, claimed) == 1


class TestMoves:
    async def test_what_an_older_epoch_told_another_cluster_is_published_again(self, ground: Open) -> None:
        async with ground() as g:
            orders = [uuid4() for _ in range(20)]
            messages = [told(order, version) for version in (1, 2) for order in orders]
            await g.commit(*messages)
            leases, outbox = await all_of(g), g.outbox("a")
            assert await outbox.reopen(leases) == 0
            await outbox.mark(leases, await outbox.claim(leases, 1000))
            assert await outbox.reopen(leases) == 0

            await g.end_leases()
            moved = await g.leases("b", "second", 2).take(SHARDS, [])
            assert await g.outbox("b", "second", 2).reopen(moved) == len(messages)
            assert await g.outbox("b", "second", 2).reopen(moved) == 0
            claimed = await g.outbox("b", "second", 2).claim(moved, 1000)
            assert [each.message for each in claimed] == messages

    async def test_the_same_cluster_in_a_later_epoch_keeps_its_marks(self, ground: Open) -> None:
        async with ground() as g:
            await g.commit(told(uuid4(), 1))
            leases, outbox = await all_of(g), g.outbox("a")
            await outbox.mark(leases, await outbox.claim(leases, 10))
            await g.end_leases()
            later = await g.leases("b", "main", 2).take(SHARDS, [])
            assert await g.outbox("b", "main", 2).reopen(later) == 0
            assert len(await g.published()) == 1

    async def test_a_late_mark_of_the_old_cluster_does_not_hide_a_message_from_the_new_one(self, ground: Open) -> None:
        async with ground() as g:
            await g.commit(told(uuid4(), 1))
            leases, outbox = await all_of(g), g.outbox("a")
            claimed = await outbox.claim(leases, 10)
            await g.end_leases()
            moved = await g.leases("b", "second", 2).take(SHARDS, [])
            await g.outbox("b", "second", 2).reopen(moved)
            assert await outbox.mark(leases, claimed) == 0
            assert len(await g.outbox("b", "second", 2).claim(moved, 10)) == 1


async def test_the_backlog_counts_what_waits_and_what_is_blocked(ground: Open) -> None:
    async with ground() as g:
        leases, outbox = await all_of(g), g.outbox("a")
        empty = await outbox.backlog()
        assert (empty.unpublished, empty.oldest_age_s, empty.blocked) == (0, 0, 0)
        orders = [uuid4(), uuid4()]
        await g.commit(*(told(order, 1) for order in orders))
        await outbox.block([Failure(orders[0], "no", 1000)])
        some = await outbox.backlog()
        assert (some.unpublished, some.blocked) == (2, 1)
        assert some.oldest_age_s >= 0
        await outbox.mark(leases, await outbox.claim(leases, 10))
        assert (await outbox.backlog()).unpublished == 1
