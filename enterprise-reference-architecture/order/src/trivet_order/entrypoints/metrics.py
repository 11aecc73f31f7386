"""What an operator watches of the API: orders that were asked for and cancellations, by how they ended."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

from prometheus_client import CollectorRegistry, Counter

from trivet_chassis import Outcome, counted_outcome

Operation = Literal["create", "cancel"]
ACCEPTED, REPLAYED, CANCELLED, REQUESTED = "accepted", "replayed", "cancelled", "requested"
_REFUSALS = ("unknown", "invalid-request", "unavailable", "internal")
OUTCOMES = {
    "create": (ACCEPTED, REPLAYED, "request-in-flight", "idempotency-key-reuse", *_REFUSALS),
    "cancel": (CANCELLED, REQUESTED, "not-found", "too-late", *_REFUSALS),
}


class Metrics:
    """The API's own metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._operations = Counter(
            "trivet_order_operations",
            "Operations by outcome: what was done, replayed, unknown, or the code of the refusal",
            ("operation", "outcome"),
            registry=registry,
        )
        # A series that appears with its first event has no 0 before it, and rate() then misses that event.
        for operation, outcomes in OUTCOMES.items():
            for outcome in outcomes:
                self._operations.labels(operation, outcome)

    def counted(self, operation: Operation) -> AbstractContextManager[Outcome]:
        """Count one operation by how it ends."""
        return counted_outcome(lambda word: self._operations.labels(operation, word).inc())
