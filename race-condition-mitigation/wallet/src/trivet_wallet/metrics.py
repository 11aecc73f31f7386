"""What an operator watches: operations by outcome, transactions that met others, and entries that are pending."""

from __future__ import annotations

import msgspec
from prometheus_client import CollectorRegistry, Counter

from trivet_chassis import Answer, ServiceError
from trivet_wallet.ledger.kinds import OperationKind

DONE, REPLAYED, UNKNOWN = "done", "replayed", "unknown"
OUTCOMES = (
    DONE,
    REPLAYED,
    UNKNOWN,
    "insufficient-funds",
    "already-captured",
    "already-exists",
    "charge-voided",
    "refund-exceeds-capture",
    "not-found",
    "invalid-request",
    "request-in-flight",
    "idempotency-key-reuse",
    "lock-busy",
    "unavailable",
    "internal",
)
REASONS = ("version", "deadlock", "serialization", "duplicate", "guard")


class Metrics:
    """The wallet's own metrics, labelled with the strategy."""

    def __init__(self, registry: CollectorRegistry, strategy: str) -> None:
        self._strategy = strategy
        self._operations = Counter(
            "trivet_wallet_operations",
            "Operations by outcome: done, replayed, unknown, or the code of the refusal",
            ("strategy", "operation", "outcome"),
            registry=registry,
        )
        self._met = Counter(
            "trivet_wallet_retries",
            "How often a transaction met another and undid what it had written, all or some of it, by what told it",
            ("strategy", "reason"),
            registry=registry,
        )
        # A series that appears with its first event has no 0 before it, and rate() then misses that event.
        for operation in OperationKind:
            for outcome in OUTCOMES:
                self._operations.labels(strategy, operation, outcome)
        for reason in REASONS:
            self._met.labels(strategy, reason)

    def settled(self, operation: OperationKind, outcome: Answer | ServiceError) -> None:
        """Count an operation that was decided: done, declined with a code, or told again what it was told."""
        if isinstance(outcome, ServiceError):
            self.refused(operation, outcome)
            return
        word = REPLAYED if outcome.replayed else DONE if outcome.status < 400 else _code(outcome)
        self._operations.labels(self._strategy, operation, word).inc()

    def refused(self, operation: OperationKind, error: Exception) -> None:
        """Count an operation that was refused; an indefinite refusal counts as unknown."""
        word = "internal"
        if isinstance(error, ServiceError):
            word = error.code if error.definite or error.code == "request-in-flight" else UNKNOWN
        self._operations.labels(self._strategy, operation, word).inc()

    def met(self, reason: str) -> None:
        """Count a transaction that met another."""
        self._met.labels(self._strategy, reason).inc()


def _code(answer: Answer) -> str:
    code: str = msgspec.json.decode(answer.body)["code"]
    return code
