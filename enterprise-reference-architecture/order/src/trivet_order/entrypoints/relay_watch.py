"""What a relay tells of itself: metrics, and a line for each event of note."""

from __future__ import annotations

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from trivet_order.application.leasing import Lease
from trivet_order.application.relaying import Backlog, Claimed, Failure, SendOutcome

_BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000)
_TURNS_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_log = structlog.get_logger("trivet.relay")


class RelayWatch:
    """RelayObserverPort, for an operator.

    The alarm is ``trivet_order_outbox_oldest_age_seconds``: it grows whatever it is that holds an event back, a relay
    that died, a shard that nobody holds, a Kafka that is away or an aggregate that is blocked. Every relay tells it of
    all shards, so that it is told as long as one of them lives.
    """

    def __init__(self, registry: CollectorRegistry, age_alarm_ms: int) -> None:
        self._age_alarm_s = age_alarm_ms / 1000
        self._published = Counter("trivet_order_relay_published", "Events sent and marked", registry=registry)
        self._batches = Histogram(
            "trivet_order_relay_batch_events", "Events a batch", buckets=_BATCHES, registry=registry
        )
        self._turns = Histogram(
            "trivet_order_relay_batch_seconds", "From claim to mark of a batch", buckets=_TURNS_S, registry=registry
        )
        self._again = Counter(
            "trivet_order_relay_unmarked", "Events sent and not marked: they are sent again", registry=registry
        )
        self._failures = Counter(
            "trivet_order_relay_failures", "Events that did not get through", ("definite",), registry=registry
        )
        self._lost = Counter("trivet_order_relay_leases_lost", "Leases that went to others", registry=registry)
        self._shards = Gauge("trivet_order_relay_shards", "Shards that this relay holds", registry=registry)
        self._unpublished = Gauge("trivet_order_outbox_unpublished", "Events not published yet", registry=registry)
        self._blocked = Gauge("trivet_order_outbox_blocked_aggregates", "Orders that are blocked", registry=registry)
        self._age = Gauge(
            "trivet_order_outbox_oldest_age_seconds", "Age of the oldest event not published yet", registry=registry
        )
        self._late = Gauge("trivet_order_outbox_is_late", "1 if that age is above its bound", registry=registry)
        self._pruned = Counter("trivet_order_outbox_pruned", "Published events that were forgotten", registry=registry)
        for definite in ("true", "false"):
            self._failures.labels(definite)
        self._trouble: str | None = None
        self._age_s = 0.0

    def holds(self, shards: int) -> None:
        """See RelayObserverPort."""
        self._shards.set(shards)

    def lost(self, lease: Lease, *, in_time: bool) -> None:
        """See RelayObserverPort."""
        self._lost.inc()
        tell = _log.info if in_time else _log.warning
        tell("lease lost", shard=lease.shard, fence=lease.fence, in_time=in_time)

    def reopened(self, messages: int) -> None:
        """See RelayObserverPort."""
        _log.warning("publishing again", events=messages)

    def published(self, messages: int, seconds: float) -> None:
        """See RelayObserverPort."""
        self._published.inc(messages)
        self._batches.observe(messages)
        self._turns.observe(seconds)
        self._is_in_trouble(None)

    def unmarked(self, messages: int) -> None:
        """See RelayObserverPort."""
        self._again.inc(messages)
        _log.warning("mark refused", events=messages)

    def blocked(self, claimed: Claimed, outcome: SendOutcome, failure: Failure) -> None:
        """See RelayObserverPort; told at the first failure, and when an event is refused again."""
        self._failures.labels(str(outcome.definite).lower()).inc()
        if outcome.definite or not claimed.failures:
            _log.warning(
                "order blocked",
                order_id=str(failure.aggregate_id),
                order_version=claimed.message.aggregate_version,
                type=claimed.message.type,
                error=failure.error,
                failures=claimed.failures + 1,
                retry_after_s=round(failure.retry_after_s, 3),
            )

    def stalled(self, error: str) -> None:
        """See RelayObserverPort."""
        self._is_in_trouble(f"Kafka: {error}")

    def away(self, error: Exception) -> None:
        """See RelayObserverPort."""
        self._is_in_trouble(f"the database: {error}")

    def weighed(self, backlog: Backlog) -> None:
        """Tell what waits in the outbox."""
        self._unpublished.set(backlog.unpublished)
        self._blocked.set(backlog.blocked)
        self._age.set(backlog.oldest_age_s)
        self._age_s = backlog.oldest_age_s
        self._late.set(self._is_late())

    def pruned(self, messages: int) -> None:
        """Tell what was forgotten."""
        self._pruned.inc(messages)
        if messages:
            _log.info("pruned", events=messages)

    async def concern(self) -> str | None:
        """Return what an operator must look at, though nobody is served by this process; None if nothing."""
        if self._is_late():
            return f"an event waits for {self._age_s:.0f} s" + (f"; {self._trouble}" if self._trouble else "")
        return self._trouble

    def _is_late(self) -> bool:
        return self._age_s > self._age_alarm_s

    def _is_in_trouble(self, trouble: str | None) -> None:
        """Tell of a trouble when it begins and when it is over, not each time that it is met."""
        if (trouble is None) != (self._trouble is None):
            _log.warning("relaying waits" if trouble else "relaying goes on", trouble=trouble or self._trouble)
        self._trouble = trouble
