"""What the order's service tells of its own checkouts: it says what was tried in a run, and judges nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError
from trivet_lab.checkers._row import Row

CHARGING, VOIDING = "charging", "voiding"
NO_ANSWER, DECLINED, REFUSED, WISHED = "no answer", "declined", "refused", "cancel wished"
CAPTURED, VOIDED = frozenset({"charged", "already charged"}), "voided"
SOLD_OUT, TOO_LATE = "out-of-stock", "hold-expired"
"""The codes of refusals, as a step's detail names them."""


class SagaRow(msgspec.Struct, gc=False):
    """One row of ``order.sagas``, as far as it is looked at."""

    order_id: str
    state: str
    attempts: int
    reason: str | None = None
    parked: str | bool | None = None


class StepRow(Row, gc=False):
    """One row of ``order.saga_steps``: what happened, and where the checkout stood when it did."""

    LEDGER: ClassVar[str] = "order.saga_steps"

    order_id: str
    position: int
    ordinal: int
    event: str
    state: str
    attempts: int
    detail: str | None = None
    at: str = ""


class Sagas:
    """Every checkout with its steps in order, read once."""

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no checkout.
        """
        self.sagas = {row.order_id: row for _, row in evidence.ledger("order.sagas", SagaRow)}
        if not self.sagas:
            raise EvidenceError("ledger order.sagas is empty: nothing was checked out")
        self.steps_of: defaultdict[str, list[StepRow]] = defaultdict(list)
        for step in evidence.rows(StepRow):
            self.steps_of[step.order_id].append(step)
        for steps in self.steps_of.values():
            steps.sort(key=lambda step: (step.position, step.ordinal))


def was_unknown(steps: list[StepRow]) -> bool:
    """Whether the answer to a charge, or to its void, was lost at least once."""
    return any(step.event == NO_ANSWER and step.state in (CHARGING, VOIDING) for step in steps)


def was_captured(steps: list[StepRow]) -> bool:
    """Whether the wallet said in the end that it took the money."""
    return any(step.event in CAPTURED for step in steps)


def was_voided(steps: list[StepRow]) -> bool:
    """Whether the wallet said in the end that it never will."""
    return any(step.event == VOIDED for step in steps)


def was_refused(steps: list[StepRow], code: str) -> bool:
    """Whether a seller refused for this reason."""
    return any(step.event == REFUSED and code in (step.detail or "") for step in steps)


def raced_the_charge(steps: list[StepRow]) -> bool:
    """Whether the customer wished it cancelled when its charge was sent already and nobody knew what became of it."""
    return any(step.event == WISHED and step.state in (CHARGING, VOIDING) for step in steps)
