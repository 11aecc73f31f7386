"""How often a lock was lost while it was in use: counted, and no violation."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._leases import Leases

SHOWN_MAX = 3


class LockOverlaps(Checker):
    """Counts the uses that began while another lease of the same item was still in use.

    A lock that ends by time cannot rule this out: a holder that is paused past its lease does not know it. So the
    rule is never *invalid*; what must hold while two are at it is for the rules over the ledger to say. A lease whose
    end was never told claims no use: its holder may have died at once.
    """

    NAME: ClassVar[str] = "lock_overlaps"
    RULE: ClassVar[str] = (
        "Overlaps of leases are counted here; they are no violation, since guard and fence must hold under them."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read the leases."""
        self._book = evidence.book(Leases)

    def finish(self) -> Ruling:
        """Count, and tell the first few."""
        met = list(self._book.used_at_once())
        counted = f"{len(met):,} overlaps among {self._book.count:,} leases"
        shown = "; ".join(str(meeting) for meeting in met[:SHOWN_MAX])
        return Ruling("valid", f"{counted}; first: {shown}" if met else counted)
