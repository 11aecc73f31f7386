"""A unit ends as it would have ended, whatever becomes of the request; settling waits for it, but not for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest

from trivet_chassis import Units


async def listen_no_more(waiting: asyncio.Task[int]) -> None:
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_cancelled_request_leaves_its_work_to_end() -> None:
    async def scenario() -> None:
        units, may_end, done = Units(), asyncio.Event(), []

        async def work() -> int:
            await may_end.wait()
            done.append("done")
            return 1

        await listen_no_more(asyncio.create_task(units.run(work())))
        assert done == []
        may_end.set()
        await units.settle(5)
        assert done == ["done"]

    asyncio.run(scenario())


def test_settling_waits_for_the_thread_that_a_unit_waits_for() -> None:
    async def scenario() -> None:
        units, may_end, done = Units(), threading.Event(), []

        def work() -> int:
            may_end.wait(5)
            done.append("done")
            return 1

        await listen_no_more(asyncio.create_task(units.run(asyncio.to_thread(work))))
        threading.Timer(0.05, may_end.set).start()
        await units.settle(5)
        assert done == ["done"]

    asyncio.run(scenario())


def test_settling_gives_up_in_time() -> None:
    async def scenario() -> None:
        units, may_end, done = Units(), asyncio.Event(), []

        async def work() -> int:
            await may_end.wait()  # set after settling alone: who settles without end stands still here
            done.append("done")
            return 1

        await listen_no_more(asyncio.create_task(units.run(work())))
        async with asyncio.timeout(30):
            await units.settle(0.05)
        assert done == []
        may_end.set()
        await units.settle(5)
        assert done == ["done"]

    asyncio.run(scenario())


def test_a_unit_has_the_result_or_the_error_of_its_work() -> None:
    async def fail() -> int:
        raise LookupError("a")

    async def scenario() -> None:
        units = Units()
        assert await units.run(asyncio.sleep(0, 7)) == 7
        with pytest.raises(LookupError):
            await units.run(fail())
        await units.settle(0)

    asyncio.run(scenario())
