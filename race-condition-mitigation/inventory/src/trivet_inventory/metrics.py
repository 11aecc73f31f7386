"""What an operator watches: purchases by outcome, and time spent waiting for a lock."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import TypeVar

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram

from trivet_chassis import Answer, Outcome, counted_outcome

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
DONE = {"hold": "held", "pin": "pinned", "confirm": "sold", "release": "released"}
HOLD_OUTCOMES = (
    "replayed",
    "unknown",
    "out-of-stock",
    "already-held",
    "hold-expired",
    "hold-released",
    "too-late",
    "not-found",
    "invalid-request",
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


class _Code(msgspec.Struct):
    code: str


class HoldOutcomes:
    """How the entries of one batch ended; all alike until it is said."""

    def __init__(self, operations: Sequence[str]) -> None:
        self._operations = operations
        self.words: list[str] | None = None

    def tell(self, told: Sequence[Answer | Exception]) -> None:
        """Say what each was told."""
        self.words = [_word(operation, answer) for operation, answer in zip(self._operations, told, strict=True)]


def _word(operation: str, told: Answer | Exception) -> str:
    if isinstance(told, Exception):
        return "internal"
    if told.replayed:
        return "replayed"
    return DONE[operation] if told.status < 400 else msgspec.json.decode(told.body, type=_Code).code


class HoldMetrics:
    """What becomes of holds of stock: entries by operation and outcome, and those that time ended.

    They are no strategy's: a hold is the same beside each.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._entries = Counter(
            "trivet_inventory_stock_holds",
            "Entries by operation and outcome: what was done, replayed, unknown, or the code of the refusal",
            ("operation", "outcome"),
            registry=registry,
        )
        for operation, done in DONE.items():
            for outcome in (done, *HOLD_OUTCOMES):
                self._entries.labels(operation, outcome)
        self._expired = Counter(
            "trivet_inventory_stock_holds_expired", "Holds whose units a sweep returned", registry=registry
        )

    @contextmanager
    def counting(self, operations: Sequence[str]) -> Iterator[HoldOutcomes]:
        """Count a batch by how each of its entries ends: once, whatever ends it."""
        outcomes = HoldOutcomes(operations)
        whole = Outcome()
        try:
            with counted_outcome(whole.set) as ended:
                yield outcomes
                ended.set("replayed")  # nobody asks: each entry has said its own
        finally:
            words = outcomes.words or [whole.word] * len(operations)
            for operation, word in zip(operations, words, strict=True):
                self._entries.labels(operation, word).inc()

    def expired(self, holds: int) -> None:
        """Count holds that a sweep returned."""
        self._expired.inc(holds)
