"""What an operator watches: purchases by outcome, and time spent waiting for a lock."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram

from trivet_chassis import Outcome, counted_outcome

T = TypeVar("T")
OUTCOMES = (
    "purchased",
    "out-of-stock",
    "replayed",
    "unknown",
    "lock-busy",
    "not-found",
    "request-in-flight",
    "idempotency-key-reuse",
    "unavailable",
    "internal",
)
_WAIT_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The inventory's own metrics, labelled with the strategy."""

    def __init__(self, registry: CollectorRegistry, strategy: str) -> None:
        self._strategy = strategy
        self._purchases = Counter(
            "trivet_inventory_purchases",
            "Purchases by outcome: purchased, replayed, unknown, or the code of the refusal",
            ("strategy", "outcome"),
            registry=registry,
        )
        # A series that appears with its first event has no 0 before it, and rate() then misses that event.
        for outcome in OUTCOMES:
            self._purchases.labels(strategy, outcome)
        self._lock_wait = Histogram(
            "trivet_inventory_lock_wait_seconds",
            "Time until a buyer was admitted to an item or turned away",
            ("strategy",),
            buckets=_WAIT_BUCKETS_S,
            registry=registry,
        ).labels(strategy)

    def purchase(self) -> AbstractContextManager[Outcome]:
        """Count one purchase by how it ends."""
        return counted_outcome(lambda word: self._purchases.labels(self._strategy, word).inc())

    @asynccontextmanager
    async def admitted(self, admission: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """Enter an admission and observe how long that took, whether it was granted or refused."""
        started = time.perf_counter()
        async with AsyncExitStack() as stack:
            try:
                granted = await stack.enter_async_context(admission)
            finally:
                self._lock_wait.observe(time.perf_counter() - started)
            yield granted
