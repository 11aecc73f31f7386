"""The projector goes on whatever fails, ends its batch when it is told to end, and tells of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from order_events import POISONS, history, record_of
from prometheus_client import CollectorRegistry

from trivet_chassis import Units
from trivet_order.application import StoreUnavailable
from trivet_order.application.projecting import Poison, Projected, StreamUnavailable
from trivet_order.entrypoints.projector import Metrics, Projector, watch

BATCH = Projected(3, tuple(history(1, 2)), (Poison(record_of(0, 0, POISONS[2]), "no JSON"),))


class Batches:
    """What a use case does, one after the other; then it waits until all is over."""

    def __init__(self, *outcomes: Projected | Exception) -> None:
        self._outcomes = list(outcomes)
        self.idle = asyncio.Event()
        self.over = asyncio.Event()

    async def execute(self) -> Projected:
        if not self._outcomes:
            self.idle.set()
            await self.over.wait()
            return Projected()
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def _run(batches: Batches, registry: CollectorRegistry) -> None:
    units = Units()
    task = asyncio.create_task(Projector(batches.execute, units, Metrics(registry), retry_ms_max=1).run())
    async with asyncio.timeout(20):
        await batches.idle.wait()
    task.cancel()
    batches.over.set()
    await units.settle(20)


async def test_it_counts_what_it_projected() -> None:
    registry = CollectorRegistry()
    await _run(Batches(BATCH, Projected(), Projected(2)), registry)
    for name, value in {
        "trivet_order_projector_batch_records_sum": 5,
        "trivet_order_projector_batch_records_count": 2,
        "trivet_order_timeline_delay_seconds_count": 2,
        "trivet_order_projector_recorded_total": 2,
        "trivet_order_projector_parked_total": 1,
    }.items():
        assert registry.get_sample_value(name) == value, name


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (StoreUnavailable("away", definite=False), "StoreUnavailable"),
        (StreamUnavailable("away"), "StreamUnavailable"),
        (RuntimeError("nobody thought of that"), "defect"),
    ],
)
async def test_whatever_fails_is_tried_again(error: Exception, what: str) -> None:
    registry = CollectorRegistry()
    await _run(Batches(error, error, BATCH, error), registry)
    assert registry.get_sample_value("trivet_order_projector_failures_total", {"what": what}) == 3
    assert registry.get_sample_value("trivet_order_projector_recorded_total") == 2


async def test_a_batch_in_hand_ends_although_the_projector_does() -> None:
    begun, goes_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def execute() -> Projected:
        begun.set()
        await goes_on.wait()
        ended.set()
        return BATCH

    units = Units()
    task = asyncio.create_task(Projector(execute, units, Metrics(CollectorRegistry()), retry_ms_max=1).run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    goes_on.set()
    await units.settle(20)
    assert ended.is_set()


async def test_it_tells_of_the_partitions_that_it_has_and_of_what_is_parked() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    lags: list[Mapping[int, int]] = [{0: 3, 1: 4}, {1: 2}]
    for lag in lags:
        looked = asyncio.Event()

        async def ask(found: Mapping[int, int] = lag) -> Mapping[int, int]:
            return found

        async def waiting(told: asyncio.Event = looked) -> int:
            asyncio.get_running_loop().call_soon(told.set)
            return 7

        task = asyncio.create_task(watch(metrics, ask, waiting))
        await looked.wait()
        await asyncio.sleep(0)
        task.cancel()
    assert registry.get_sample_value("trivet_order_projector_lag_records", {"partition": "0"}) is None
    assert registry.get_sample_value("trivet_order_projector_lag_records", {"partition": "1"}) == 2
    assert registry.get_sample_value("trivet_order_parked_records") == 7
