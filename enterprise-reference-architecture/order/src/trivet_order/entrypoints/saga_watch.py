"""What a worker of checkouts tells of itself: metrics, and a line for each event of note."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from trivet_order.adapters.sqlalchemy.saga_backlog import SagaBacklog
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import ENDS, Change, ParticipantPort, SagaEvent, SagaState

_BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_RECORDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_log = structlog.get_logger("trivet.saga")


class SagaWatch:
    """SagaObserverPort, for an operator.

    There are two alarms. ``trivet_order_sagas_parked``: somebody must look at these, for nobody tries any more.
    ``trivet_order_sagas_oldest_due_seconds`` grows whatever it is that keeps checkouts from being looked at: a worker
    that died, a shard that nobody holds, a database that is away. Every worker tells both of all shards, so that they
    are told as long as one of them lives.
    """

    def __init__(self, registry: CollectorRegistry, age_alarm_ms: int) -> None:
        self._age_alarm_s = age_alarm_ms / 1000
        self._steps = Counter("trivet_order_saga_steps", "Steps recorded", ("event",), registry=registry)
        self._ended = Counter("trivet_order_sagas_ended", "Checkouts that ended", ("state",), registry=registry)
        self._retries = Counter("trivet_order_saga_retries", "Tries that came to nothing", registry=registry)
        self._outdated = Counter(
            "trivet_order_saga_outdated", "Changes that were refused: somebody else was first", registry=registry
        )
        self._batches = Histogram(
            "trivet_order_saga_record_changes", "Changes a record", buckets=_BATCHES, registry=registry
        )
        self._records = Histogram(
            "trivet_order_saga_record_seconds", "How long a record takes", buckets=_RECORDS_S, registry=registry
        )
        self._lost = Counter("trivet_order_saga_leases_lost", "Leases that went to others", registry=registry)
        self._shards = Gauge("trivet_order_saga_shards", "Shards that this worker holds", registry=registry)
        self._going = Gauge("trivet_order_sagas_going", "Checkouts under way", ("state",), registry=registry)
        self._retrying = Gauge("trivet_order_sagas_retrying", "Checkouts that are tried again", registry=registry)
        self._parked = Gauge("trivet_order_sagas_parked", "Checkouts that nobody tries any more", registry=registry)
        self._age = Gauge(
            "trivet_order_sagas_oldest_due_seconds",
            "How long the one has been due that is due longest",
            registry=registry,
        )
        # A series that appears with its first event has no 0 before it, and rate() then misses that event.
        for event in SagaEvent:
            self._steps.labels(event.value)
        for state in SagaState:
            (self._ended if state in ENDS else self._going).labels(state.value)
        self._backlog = SagaBacklog({}, 0, 0, 0.0)
        self._trouble: str | None = None

    def holds(self, shards: int) -> None:
        """See SagaObserverPort."""
        self._shards.set(shards)

    def lost(self, lease: Lease, *, in_time: bool) -> None:
        """See SagaObserverPort."""
        self._lost.inc()
        tell = _log.info if in_time else _log.warning
        tell("lease lost", shard=lease.shard, fence=lease.fence, in_time=in_time)

    def recorded(self, changes: Sequence[Change], seconds: float) -> None:
        """See SagaObserverPort."""
        self._batches.observe(len(changes))
        self._records.observe(seconds)
        for event, count in Counts(step.event for change in changes for step in change.steps).items():
            self._steps.labels(event).inc(count)
        for state, count in Counts(change.after.state for change in changes if change.after.state in ENDS).items():
            self._ended.labels(state.value).inc(count)
        self._retries.inc(sum(map(_is_retry, changes)))
        self._is_in_trouble(None)

    def outdated(self, order_ids: Collection[UUID]) -> None:
        """See SagaObserverPort."""
        self._outdated.inc(len(order_ids))
        _log.info("changes outdated", sagas=len(order_ids))

    def parked(self, order_id: UUID, why: str) -> None:
        """See SagaObserverPort."""
        _log.error("saga parked", order_id=str(order_id), why=why)

    def unstorable(self, order_id: UUID, why: str) -> None:
        """See SagaObserverPort; the second alarm tells of it as well, for it stays due."""
        _log.error("saga cannot be recorded", order_id=str(order_id), why=why)

    def away(self, error: Exception) -> None:
        """See SagaObserverPort."""
        self._is_in_trouble(f"the database: {error}")

    def weighed(self, backlog: SagaBacklog) -> None:
        """Tell what waits."""
        for state in SagaState:
            if state not in ENDS:
                self._going.labels(state.value).set(backlog.going.get(state.value, 0))
        self._retrying.set(backlog.retrying)
        self._parked.set(backlog.parked)
        self._age.set(backlog.oldest_due_s)
        self._backlog = backlog

    async def concern(self) -> str | None:
        """Return what an operator must look at; None if nothing."""
        concerns = []
        if self._backlog.parked:
            concerns.append(f"{self._backlog.parked} parked: see trivet-order saga list --parked")
        if self._backlog.oldest_due_s > self._age_alarm_s:
            concerns.append(f"one has been due for {self._backlog.oldest_due_s:.0f} s")
        if self._trouble:
            concerns.append(self._trouble)
        return "; ".join(concerns) or None

    def _is_in_trouble(self, trouble: str | None) -> None:
        """Tell of a trouble when it begins and when it is over, not each time that it is met."""
        if (trouble is None) != (self._trouble is None):
            _log.warning("checkouts wait" if trouble else "checkouts go on", trouble=trouble or self._trouble)
        self._trouble = trouble


def silence_of(participants: Mapping[str, ParticipantPort]) -> str | None:
    """Return which participants are left alone, for they do not answer; None if none is."""
    silent = [name for name, participant in participants.items() if participant.ready_in_s() > 0]
    return f"{', '.join(silent)} does not answer" if silent else None


def _is_retry(change: Change) -> bool:
    before, after = change.before, change.after
    return after.state not in ENDS and after.state is before.state and after.attempts > before.attempts
