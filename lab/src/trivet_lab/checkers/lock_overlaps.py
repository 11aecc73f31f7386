"""How often a lock was lost while it was in use: counted, and no violation."""

from __future__ import annotations

import itertools
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._leases import Leases, Meeting

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
        met = [list(group) for _, group in itertools.groupby(self._book.used_at_once(), key=lambda one: one.earlier)]
        overlaps = sum(len(group) for group in met)
        counted = f"{overlaps:,} {'overlap' if overlaps == 1 else 'overlaps'} among {self._book.count:,} leases"
        return Ruling("valid", "; ".join([counted, *map(_told, met[:SHOWN_MAX])]))


def _told(group: list[Meeting]) -> str:
    """Return what became of one lease that was used too long, in words."""
    others = len(group) - 1
    more = f", then {others:,} more" if others else ""
    return f"{group[0]}{more}"
