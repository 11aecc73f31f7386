"""Whether a run that is about a lost lock lost one: what was never tried proves nothing."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._leases import Leases


class LeasesOverlapped(Checker):
    """Looks for two leases of one item in use at once; for scenarios that pause a holder past its lease.

    No service can break this rule, so it never says *invalid*: a pause that nobody used to take the lock proves
    nothing about what stands behind the lock.
    """

    NAME: ClassVar[str] = "leases_overlapped"
    RULE: ClassVar[str] = "At least once two leases of one item were in use at the same time."

    def __init__(self, evidence: Evidence) -> None:
        """Read the leases."""
        self._book = evidence.book(Leases)

    def finish(self) -> Ruling:
        """Rule: without an overlap the verdict is unknown."""
        first = next(self._book.used_at_once(), None)
        if first is None:
            return Ruling("unknown", f"none of {self._book.count:,} leases met another one: the lock was never lost")
        return Ruling("valid", f"first: {first}")
