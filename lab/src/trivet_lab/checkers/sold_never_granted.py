"""What has an owner is nobody's to hold, whatever Valkey remembers."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import NEVER_NS
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import Rush
from trivet_lab.checkers._standing import Standing, settled, windows
from trivet_lab.checkers._witness import Violations


class SoldNeverGranted(Checker):
    """Compares every grant with the pins and confirmations that were acknowledged before it was asked for.

    Both are in PostgreSQL, from where the service has to load them before the first hold after Valkey lost its
    memory: no such loss is an excuse here.
    """

    NAME: ClassVar[str] = "sold_never_granted"
    RULE: ClassVar[str] = (
        "No hold is granted of a seat that was sold before it was asked for, or pinned and not released until it was "
        "granted, whether Valkey lost its memory or not."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Begin before the first batch."""
        self._evidence = evidence
        self._rush = evidence.book(Rush)

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Look at every grant."""
        owned: defaultdict[tuple[str, str], Standing] = defaultdict(Standing)
        owners = 0
        lives = list(self._rush.lives())
        for story in lives:
            span = settled(story)
            owners += span is not None
            if span is not None:
                for seat in story.seats:
                    owned[story.name.show_id, seat].add(span)
        found = Violations()
        granted = 0
        for story in lives:
            grant, window = story.grant(), windows(story)
            if grant is None or window is None:
                continue
            granted += 1
            for seat in story.seats:
                spans = owned.get((story.name.show_id, seat))
                owner = spans.covering(*window) if spans else None
                if owner is not None:
                    done = [event.pointer for event in self._rush.stories[owner.name].settles if event.is_ok]
                    state = "sold or pinned for good" if owner.to_ns == NEVER_NS else "pinned"
                    found.add(
                        f"{story.name} was granted seat {seat}, which was {state} by {owner.name}",
                        *done[:2],
                        grant.pointer,
                    )
        return found.ruling(self._evidence, f"{granted:,} holds were granted, none of what {owners:,} others owned")
