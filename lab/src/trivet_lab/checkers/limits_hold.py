"""Who asks without end is told to wait, and nobody else is."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import refilling_spans
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError, Pointer
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Attempt

ASK = "ask"
"""What the one who asks without end does, as the crowd's plan names it."""
RATE_LIMITED = "rate-limited"
_ROUNDING = 1


class _Flood(msgspec.Struct, frozen=True):
    subject_per_s: int
    subject_burst: int


class _Stretch:
    """Who was let through between two restarts of the edge: when they asked, and when and where they were answered."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.returns: list[tuple[int, Pointer]] = []


class LimitsHold(Checker):
    """Compares what a service answered with what a token bucket can have let through.

    A request was let through at some instant between its call and its return. Of those that returned by ``r``, at
    least as many as returned by then less those called before ``c`` were let through within ``[c, r]``: if that is
    more than a full bucket and what it was filled with meanwhile, no order of events explains it. Who asked no more
    often in all than a full bucket holds cannot have emptied one.

    An edge that is started again begins with full buckets, so each stretch between its restarts is judged on its own.
    A request that was under way while it restarted may have met either bucket, and is counted against neither.
    """

    NAME: ClassVar[str] = "limits_hold"
    RULE: ClassVar[str] = (
        "Of whoever asks without end no more is let through in any span than a full bucket and what it is filled with "
        "meanwhile, and nobody who asks less often than a bucket holds is told to wait."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the plan."""
        self._limit = evidence.errand(_Flood, "nobody says what was to be let through")
        self._evidence = evidence
        self._restarts = refilling_spans(evidence)
        self._stretches: defaultdict[int, _Stretch] = defaultdict(_Stretch)
        self._judged = self._beside = 0
        self._told_to_wait = 0
        self._asked: Counter[int] = Counter()
        self._limited: dict[int, Pointer] = {}

    def read(self, batch: Batch) -> None:
        """Sort attempts by whose they are and who answered them; the edge has no node's name."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            pointer = HISTORY, offset
            for attempt in operation.attempts:
                limited = attempt.code == RATE_LIMITED
                if operation.f != ASK:
                    self._asked[operation.client] += 1
                    if limited:
                        self._limited.setdefault(operation.client, pointer)
                elif limited:
                    self._told_to_wait += 1
                elif attempt.node is not None:
                    self._let_through(attempt, pointer)

    def finish(self) -> Ruling:
        """Rule over the flood and over everybody else."""
        found = Violations()
        for client, pointer in self._limited.items():
            if self._asked[client] <= self._limit.subject_burst:
                found.add(f"client {client} asked {self._asked[client]} times in all, and was told to wait", pointer)
        for _, stretch in sorted(self._stretches.items()):
            excess, pointer_of_excess = self._excess(stretch)
            if excess > _ROUNDING and pointer_of_excess is not None:
                most = f"{self._limit.subject_burst} and {self._limit.subject_per_s}/s"
                found.add(f"{math.floor(excess):,} more were let through than {most} allow", pointer_of_excess)
        if not found.count and not self._told_to_wait:
            raise EvidenceError("nobody asked for more than is let through")
        if not found.count and not self._judged:
            raise EvidenceError("of those who ask without end nobody was let through, or only beside a restart")
        aside = f"; {self._beside:,} beside restarts of the load balancer are not judged" if self._beside else ""
        told = f"{self._judged:,} let through, {self._told_to_wait:,} told to wait{aside}"
        return found.ruling(self._evidence, told)

    def _let_through(self, attempt: Attempt, pointer: Pointer) -> None:
        """Count one towards the stretch in which it was asked and answered."""
        if any(begin <= attempt.return_ns and attempt.call_ns <= end for begin, end in self._restarts):
            self._beside += 1
            return
        stretch = self._stretches[sum(end < attempt.call_ns for _, end in self._restarts)]
        stretch.calls.append(attempt.call_ns)
        stretch.returns.append((attempt.return_ns, pointer))
        self._judged += 1

    def _excess(self, stretch: _Stretch) -> tuple[float, Pointer | None]:
        """Return by how much the worst span is over what a bucket lets through in it, and who came last in it."""
        per_ns = self._limit.subject_per_s / 1e9
        calls, begun = sorted(stretch.calls), 0
        least = math.inf
        worst: tuple[float, Pointer | None] = (-math.inf, None)
        for returned, (at_ns, pointer) in enumerate(sorted(stretch.returns), 1):
            while begun < len(calls) and calls[begun] <= at_ns:
                least = min(least, begun - per_ns * calls[begun])
                begun += 1
            excess = returned - per_ns * at_ns - least - self._limit.subject_burst
            if excess > worst[0]:
                worst = excess, pointer
        return worst
