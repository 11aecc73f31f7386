"""The projector: a process that takes batches until SIGTERM, and serves its health and metrics beside that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from trivet_chassis import (
    Units,
    configure_logs,
    run_server,
)
from trivet_order.application import StoreUnavailable
from trivet_order.application.projecting import Projected, ProjectTimelineUseCase, StreamUnavailable
from trivet_order.bootstrap import Projection
from trivet_order.entrypoints.bare_application import bare_application
from trivet_order.entrypoints.server import serve_process
from trivet_order.settings import MEMBER

_RETRY_MS_MIN = 20
_LOOK_EVERY_S = 2.0
_DELAYS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000)
_log = structlog.get_logger("trivet.projector")


class Metrics:
    """What a projector tells of itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._batches = Histogram(
            "trivet_order_projector_batch_records", "Records a transaction", buckets=_BATCHES, registry=registry
        )
        self._delays = Histogram(
            "trivet_order_timeline_delay_seconds",
            "From an event's occurrence to its entry in the timeline",
            buckets=_DELAYS_S,
            registry=registry,
        )
        self._recorded = Counter("trivet_order_projector_recorded_total", "Entries written", registry=registry)
        self._parked = Counter("trivet_order_projector_parked_total", "Records put aside", registry=registry)
        self._failures = Counter(
            "trivet_order_projector_failures_total", "Batches that must be tried again", ("what",), registry=registry
        )
        self._lag = Gauge(
            "trivet_order_projector_lag_records", "Records not taken yet", ("partition",), registry=registry
        )
        self._waiting = Gauge("trivet_order_parked_records", "Parked, and not replayed", registry=registry)

    def projected(self, batch: Projected) -> None:
        """Count a batch."""
        if not batch.records:
            return
        now = datetime.now(UTC)
        self._batches.observe(batch.records)
        self._recorded.inc(len(batch.recorded))
        self._parked.inc(len(batch.parked))
        for message in batch.recorded:
            self._delays.observe(max(0.0, (now - message.occurred_on).total_seconds()))

    def failed(self, what: str) -> None:
        """Count a batch that must be tried again."""
        self._failures.labels(what).inc()

    def looked(self, lag: Mapping[int, int], waiting: int | None) -> None:
        """Tell how much there is to do; partitions that others have now are told of no more."""
        self._lag.clear()
        for partition, records in lag.items():
            self._lag.labels(str(partition)).set(records)
        if waiting is not None:
            self._waiting.set(waiting)


class Projector:
    """Executes the use case for ever; what fails is tried again, later each time.

    Which race: the process is told to end in the middle of a batch. Why this guard: a batch is a unit, which ends as it
    would have ended although nobody waits for it any more, and the server waits for units before it closes what they
    use. If it were lost, nothing would be wrong, and each deployment would do its last batches twice.

    The wait between two tries is drawn from zero to a bound that doubles (full jitter), so that replicas do not come
    back to a database that recovers all at once.
    """

    def __init__(
        self, execute: Callable[[], Coroutine[Any, Any, Projected]], units: Units, metrics: Metrics, retry_ms_max: int
    ) -> None:
        self._execute = execute
        self._units = units
        self._metrics = metrics
        self._retry_ms_max = retry_ms_max
        self._random = Random()  # noqa: S311  - it spreads replicas and keeps no secret
        self._waits = False

    async def run(self) -> None:
        """Project until cancelled."""
        tries = 0
        while True:
            try:
                self._metrics.projected(await self._units.run(self._execute()))
            except (StoreUnavailable, StreamUnavailable) as error:
                self._tell(type(error).__name__, error)
            except Exception as error:  # noqa: BLE001  - a defect too loses nothing: its batch is taken again
                _log.exception("projecting failed")
                self._tell("defect", error)
            else:
                tries, self._waits = 0, False
                continue
            tries += 1
            bound_ms = min(self._retry_ms_max, _RETRY_MS_MIN * 2 ** min(tries, 16))
            await asyncio.sleep(self._random.uniform(0, bound_ms) / 1000)

    def _tell(self, what: str, error: Exception) -> None:
        if not self._waits:
            _log.warning("projecting waits", what=what, error=str(error))
        self._waits = True
        self._metrics.failed(what)


async def watch(
    metrics: Metrics, lag: Callable[[], Awaitable[Mapping[int, int]]], waiting: Callable[[], Awaitable[int]]
) -> None:
    """Look every other second how much there is to do."""
    while True:
        try:
            metrics.looked(await lag(), await waiting())
        except StoreUnavailable:
            metrics.looked(await lag(), None)
        except Exception:  # noqa: BLE001  - a defect of looking must not end it for good
            _log.exception("not looked")
        await asyncio.sleep(_LOOK_EVERY_S)


def serve_projector(projection: Projection) -> None:
    """Project until SIGTERM or SIGINT, then end the batch in hand and commit its offsets.

    Raises:
        WrongDatabase: The database is there and was not migrated.
    """
    settings = projection.process.settings
    configure_logs(MEMBER, settings.listen, settings.log_level)
    # While a broker is away aiokafka tells of each attempt to reach it; that projecting waits is told once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    run_server(_serve(projection))


async def _serve(projection: Projection) -> None:
    process, stream, units = projection.process, projection.stream, Units()
    metrics = Metrics(process.registry)
    use_case = ProjectTimelineUseCase(stream, projection.units)
    projector = Projector(use_case.execute, units, metrics, process.settings.projector_retry_ms_max)
    app = bare_application(process.health, process.registry, process.settings.listen)
    try:
        await serve_process(process, app, units, [projector.run(), watch(metrics, stream.lag, projection.waiting)])
    finally:
        await stream.close()
