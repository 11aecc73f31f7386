"""Whether the shop came back: faults that end must end for customers too."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import Faults
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError, Pointer
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import STORED, Attempt

NS_PER_S = 1_000_000_000
BOUND_S = 5
FAILING_SHARE_MAX = 0.2
"""One lost replica of two fails half of all requests.

Of a crowd that the machine can serve nothing fails five seconds after a heal, whatever was broken. What fails of a
larger one are requests that find no database connection free in time (503), with a fault or without: that many are
forgiven.
"""


LATER_MIN = 20
"""Of fewer requests a share says nothing: one of two is a half."""


class AvailableAfterHeal(Checker):
    """Looks at every request that was sent after the last heal.

    A request is *decided* if the books answered it: done, or refused for good (out of stock, not enough money). It
    *fails* if nothing came back, or a server's error (5xx). That a lock is busy is neither: one that died with its
    holder lives on until its lease ends.
    """

    NAME: ClassVar[str] = "available_after_heal"
    RULE: ClassVar[str] = (
        f"Within {BOUND_S} s of the first request after the last heal one is decided, "
        f"and of those sent later than {BOUND_S} s after that heal at most a fifth fail."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Find the last heal.

        Raises:
            EvidenceError: a fault never healed, and nothing can be asked of a shop that is broken still.
        """
        self._evidence = evidence
        records = evidence.book(Faults).records
        for record in records:
            if record.asked_ns is not None and record.healed_ns is None:
                raise EvidenceError(f"{record.fault} of {record.target} was never healed: {record.evidence}")
        self._healed_ns = max((record.healed_ns for record in records if record.healed_ns is not None), default=None)
        self._decided_ns: int | None = None
        self._first_call_ns: int | None = None
        self._last_call_ns = 0
        self._first: Pointer | None = None
        self._sent = self._later = 0
        self._failing: list[tuple[Pointer, Attempt]] = []

    def read(self, batch: Batch) -> None:
        """Look at the attempts after the last heal."""
        if self._healed_ns is None:
            return
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            for attempt in operation.attempts:
                if attempt.call_ns >= self._healed_ns:
                    self._look(attempt, (HISTORY, offset))

    def finish(self) -> Ruling:
        """Rule. Too short a crowd after the heal is unknown: it did not wait long enough to be disappointed."""
        if self._healed_ns is None:
            raise EvidenceError("no fault was healed, so there is no time after it")
        if not self._sent:
            return Ruling("unknown", "nobody asked for anything after the last heal")
        first_ns = self._healed_ns if self._first_call_ns is None else self._first_call_ns
        asked_s = (self._last_call_ns - first_ns) / NS_PER_S
        if self._decided_ns is None and asked_s < BOUND_S:
            return Ruling(
                "unknown", f"none of {self._sent:,} requests was decided, but they ended after {asked_s:.1f} s"
            )
        found = Violations()
        waited_s = ((self._decided_ns or self._last_call_ns) - first_ns) / NS_PER_S
        if self._decided_ns is None:
            found.add(f"none of {self._sent:,} requests was decided in {waited_s:.1f} s", self._first)
        elif waited_s > BOUND_S:
            found.add(f"the first decision came {waited_s:.1f} s after the first request since", self._first)
        if self._later >= LATER_MIN and len(self._failing) > self._later * FAILING_SHARE_MAX:
            for pointer, attempt in self._failing:
                found.add(f"a request ended with {attempt.code or attempt.status}", pointer)
        return found.ruling(
            self._evidence,
            f"first decision {waited_s:.2f} s after the first request since the last heal; of {self._later:,} requests "
            f"sent later than {BOUND_S} s after it, {len(self._failing):,} failed",
        )

    def _look(self, attempt: Attempt, pointer: Pointer) -> None:
        self._sent += 1
        self._first = self._first or pointer
        self._first_call_ns = min(self._first_call_ns or attempt.call_ns, attempt.call_ns)
        self._last_call_ns = max(self._last_call_ns, attempt.call_ns)
        if 200 <= attempt.status < 300 or attempt.code in STORED:
            self._decided_ns = min(self._decided_ns or attempt.return_ns, attempt.return_ns)
        if attempt.call_ns - (self._healed_ns or 0) > BOUND_S * NS_PER_S:
            self._later += 1
            if attempt.status == 0 or attempt.status >= 500:
                self._failing.append((pointer, attempt))
