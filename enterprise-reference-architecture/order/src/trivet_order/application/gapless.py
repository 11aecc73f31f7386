"""How much of a timeline can be told: an entry waits until the one before it is there."""

from __future__ import annotations

from collections.abc import Iterable

from trivet_order.application.views import TimelineEntry


def gapless(entries: Iterable[TimelineEntry], after_version: int) -> list[TimelineEntry]:
    """Return what follows a version without a gap.

    Which race: two events of one order are projected by two transactions, and the later one's commits first; a reader
    that is told of version 3 and remembers that it saw so much never asks for version 2. Why this guard: nobody is told
    of 3 before 2. If it were lost, a stream that goes on from its last event would miss one for good.

    Args:
        entries: Of one order, in the order of versions.
        after_version: What was told already.
    """
    found: list[TimelineEntry] = []
    for entry in entries:
        if entry.version == after_version + len(found) + 1:
            found.append(entry)
    return found
