"""Whether a checkout met what it exists for: a reply that never came, and a customer who would not wait."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import recorded_faults
from trivet_lab.checkers._sagas import (
    DECLINED,
    SOLD_OUT,
    TOO_LATE,
    WISHED,
    Sagas,
    raced_the_charge,
    was_captured,
    was_refused,
    was_unknown,
    was_voided,
)
from trivet_lab.evidence import FaultRecord

OWN_FAULT = "cut_answer"
"""What the scenario breaks itself, in every variant; a run in which anything else broke is one under faults."""
OFTEN = 50
_STOOD_STILL = re.compile(r'"name":"order\.saga\.[a-z_]+".*?"action":"pause:(\d+)')


class _Leased(msgspec.Struct, frozen=True):
    """What of the crowd's plan says how long a worker's lease lasts."""

    lease_ms: int


class CheckoutRaced(Checker):
    """Counts, from what the checkouts tell of themselves, how often each of the things happened that are hard.

    No service can break this rule, so it never says *invalid*. A worker stood still with a batch in hand if it did so
    at a failpoint of its own: those lie between a claim and its record.
    """

    NAME: ClassVar[str] = "checkout_raced"
    RULE: ClassVar[str] = (
        "At least one charge whose answer was lost turned out captured, one was declined, one order found something "
        f"sold out and one was cancelled; under faults at least {OFTEN} each turned out captured and voided, came with "
        "an expired hold and were cancelled beside their charge, and a worker stood still past its lease with a batch "
        "in hand."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load what the checkouts tell, and what was broken."""
        self._sagas = evidence.book(Sagas)
        self._faults = evidence.book(recorded_faults)
        self._lease_ms = evidence.errand(_Leased, "nobody knows how long a lease lasts").lease_ms

    def finish(self) -> Ruling:
        """Rule: what did not happen was not put to the test, so the verdict is unknown."""
        steps = list(self._sagas.steps_of.values())
        unknown = [each for each in steps if was_unknown(each)]
        counts = {
            "charges of unknown outcome turned out captured": sum(map(was_captured, unknown)),
            "turned out voided": sum(map(was_voided, unknown)),
            "were declined": sum(any(step.event == DECLINED for step in each) for each in steps),
            "found something sold out": sum(was_refused(each, SOLD_OUT) for each in steps),
            "came with an expired hold": sum(was_refused(each, TOO_LATE) for each in steps),
            "were cancelled": sum(any(step.event == WISHED for step in each) for each in steps),
            "of them beside their charge": sum(map(raced_the_charge, steps)),
        }
        captured, voided, declined, sold_out, expired, cancelled, raced = counts.values()
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        enough = all((captured, declined, sold_out, cancelled))
        if any(record.fault != OWN_FAULT for record in self._faults):
            paused = sum(self._stood_still(record) for record in self._faults)
            told += f", {paused:,} workers stood still past their lease"
            enough = enough and min(captured, voided, expired, raced) >= OFTEN and bool(paused)
        return Ruling("valid" if enough else "unknown", told)

    def _stood_still(self, record: FaultRecord) -> bool:
        """Whether a fault was a worker that stopped at a moment of its own for longer than its lease."""
        found = _STOOD_STILL.search(record.evidence)
        return record.effective_ns is not None and found is not None and int(found[1]) > self._lease_ms
