"""Two writers on one order, in every order in which their moments can follow each other.

A writer has four moments: it reads the order, decides (changes what it read), stores it with its events, and commits,
or leaves without. Two writers' moments follow each other in 70 ways, and each is played. Afterwards what is stored
must be what the writers who committed made, one after the other. Whoever was refused has left no trace: by the store,
because the order was changed since it was read, or by the order, because of what the other one had made of it.

A writer whose turn it is may be kept waiting by its store, because the other one has stored and not ended (a database
locks the row). Then the other one's moments come, and the waiting one's later: that is the same as a schedule in which
it stored later, and nothing here measures how long anything takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import combinations
from uuid import UUID

import pytest

from order_contracts.samples import (
    AT,
    Change,
    Published,
    begin,
    cancel,
    placed,
    read,
    reserve,
    state,
    store,
    wish,
)
from trivet_order.application import Message, OrderChanged, UnitsOfWork, event_of
from trivet_order.domain import OrderAggregate, OrderError

MOMENTS = ("read", "decide", "store", "commit")
SCHEDULES = [
    tuple(0 if place in firsts else 1 for place in range(2 * len(MOMENTS)))
    for firsts in combinations(range(2 * len(MOMENTS)), len(MOMENTS))
]

PAIRS: dict[str, tuple[Sequence[Change], Change, Change]] = {
    "the saga begins and the customer does not want it any more": ([], begin, wish),
    "the sellers have reserved it and the customer does not want it any more": ([begin], reserve, wish),
    "it was reserved and it is cancelled": ([begin], reserve, cancel),
    "two begin it": ([], begin, begin),
    "it is paid and the customer does not want it any more": (
        [begin, reserve, OrderAggregate.request_payment],
        OrderAggregate.mark_paid,
        wish,
    ),
}


class Writer:
    """One unit of work, which does its next moment when it is its turn."""

    def __init__(self, units: UnitsOfWork, order_id: UUID, decide: Change, *, commits: bool = True) -> None:
        self.decide = decide
        self.has_committed = False
        self.refusal: OrderError | None = None
        self._units = units
        self._order_id = order_id
        self._commits = commits
        self._turns = asyncio.Semaphore(0)
        self._asked = self._done = 0
        self._has_moved = asyncio.Condition()
        self._task = asyncio.create_task(self._work())

    @property
    def is_storing(self) -> bool:
        """Whether it was asked to store and has not yet."""
        return self._asked >= 3 > self._done and not self._task.done()

    @property
    def has_stored(self) -> bool:
        """Whether others may have to wait for its end."""
        return self._done == 3 and not self._task.done()

    def go_on(self) -> None:
        """Give it its next turn."""
        self._asked += 1
        self._turns.release()

    async def caught_up(self) -> None:
        """Wait until it has done what it was asked to, or has ended."""
        async with self._has_moved:
            await self._has_moved.wait_for(lambda: self._done >= self._asked)

    async def end(self) -> None:
        """Wait for its end; what it stumbled over comes out here."""
        await self._task

    async def _work(self) -> None:
        try:
            async with self._units.open() as unit:
                async with self._moment():
                    order = await unit.orders.get_by_id(self._order_id)
                async with self._moment():
                    self.decide(order)
                async with self._moment():
                    await unit.orders.save(order)
                    await unit.events.publish(order.pull_events(AT))
                await self._turns.acquire()
                if self._commits:
                    await unit.commit()
                    self.has_committed = True
        except OrderError as refusal:
            self.refusal = refusal
        finally:
            await self._move(len(MOMENTS))

    @asynccontextmanager
    async def _moment(self) -> AsyncIterator[None]:
        await self._turns.acquire()
        yield
        await self._move(self._done + 1)

    async def _move(self, done: int) -> None:
        async with self._has_moved:
            self._done = done
            self._has_moved.notify_all()


async def play(schedule: Sequence[int], writers: Sequence[Writer]) -> list[Writer]:
    """Let two writers act by a schedule; return those that committed, in the order in which they did."""
    committed: list[Writer] = []
    for turn in schedule:
        writer, other = writers[turn], writers[1 - turn]
        writer.go_on()
        if not (writer.is_storing and other.has_stored):
            await writer.caught_up()
        committed += [each for each in (writer, other) if each.has_committed and each not in committed]
    for writer in writers:
        await writer.end()
    return committed + [each for each in writers if each.has_committed and each not in committed]


def possible(history: Sequence[Change], pair: Sequence[Change]) -> set[tuple[int, ...]]:
    """Return who may have committed, in which order: one alone, or both if the order lets the second one."""
    outcomes: set[tuple[int, ...]] = {(0,), (1,)}
    for first, second in ((0, 1), (1, 0)):
        order = placed()
        for each in (*history, pair[first]):
            each(order)
        with suppress(OrderError):
            pair[second](order)
            outcomes.add((first, second))
    return outcomes


class InterleavingContract:
    """Of two who change one order at the same time none loses what the other did."""

    @pytest.fixture
    def units(self) -> UnitsOfWork:
        raise NotImplementedError

    @pytest.fixture
    def published(self) -> Published:
        raise NotImplementedError

    @pytest.mark.parametrize("pair", PAIRS)
    async def test_no_order_of_moments_loses_a_change(
        self, units: UnitsOfWork, published: Published, pair: str
    ) -> None:
        history, *decisions = PAIRS[pair]
        outcomes = set()
        for schedule in SCHEDULES:
            order = await store(units, placed(), *history)
            writers = [Writer(units, order.id, decide) for decide in decisions]
            committed = await play(schedule, writers)
            ensure_nothing_is_lost(
                order,
                [*history, *(each.decide for each in committed)],
                await read(units, order.id),
                await published(order.id),
            )
            assert [each.has_committed for each in writers] == [each.refusal is None for each in writers], schedule
            outcomes.add(tuple(writers.index(each) for each in committed))
        assert outcomes == possible(history, decisions), "the schedules show all that can become of two"

    @pytest.mark.parametrize("leaver", [0, 1])
    async def test_who_leaves_without_a_commit_changes_nothing(
        self, units: UnitsOfWork, published: Published, leaver: int
    ) -> None:
        for schedule in SCHEDULES:
            order = await store(units, placed(), begin)
            writers = [
                Writer(units, order.id, decide, commits=leaver != place) for place, decide in enumerate((reserve, wish))
            ]
            committed = await play(schedule, writers)
            assert committed == [writers[1 - leaver]], schedule
            ensure_nothing_is_lost(
                order, [begin, committed[0].decide], await read(units, order.id), await published(order.id)
            )

    async def test_who_read_before_the_others_commit_is_told_that_it_changed(self, units: UnitsOfWork) -> None:
        for schedule in SCHEDULES:
            order = await store(units, placed(), begin)
            writers = [Writer(units, order.id, reserve), Writer(units, order.id, wish)]
            await play(schedule, writers)
            is_apart = schedule in {(0, 0, 0, 0, 1, 1, 1, 1), (1, 1, 1, 1, 0, 0, 0, 0)}
            refusals = [type(each.refusal) for each in writers if each.refusal]
            assert refusals == ([] if is_apart else [OrderChanged]), schedule


def ensure_nothing_is_lost(
    order: OrderAggregate, changes: Sequence[Change], stored: OrderAggregate, messages: Sequence[Message]
) -> None:
    """Compare what is stored and told with one order that all changes were made to, one after the other."""
    expected = placed(order.customer_id, order.id)
    for each in changes:
        try:
            each(expected)
        except OrderError as refusal:
            raise AssertionError("both committed what no order lets both do") from refusal
    assert state(stored) == state(expected)
    assert [event_of(message) for message in messages] == list(expected.pull_events(AT))
