"""A release that was acknowledged is the end, also of what comes after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import wipes
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import RELEASED, SETTLING, Event, Reservation, Rush, Story
from trivet_lab.checkers._standing import REPLAY_NS, SLACK_NS, lies_between
from trivet_lab.checkers._witness import Violations


class TombstonesRefuse(Checker):
    """Looks for what was granted after a release of it was acknowledged.

    The subject's release of a hold that never arrived leaves a tombstone in Valkey, which a loss of its memory excuses
    and which is kept as long as an answer is. An order's release is in PostgreSQL, and nothing excuses it. Whoever
    asked first, and releases meanwhile, may be told either.
    """

    NAME: ClassVar[str] = "tombstones_refuse"
    RULE: ClassVar[str] = (
        "After the release of a hold was acknowledged nothing is granted, extended, pinned or confirmed under its id, "
        "after an order's release nothing is pinned by that order, and its seats are not that order's any more."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books, and when memory was lost."""
        self._evidence = evidence
        self._book = evidence.book(Reservation)
        self._rush = evidence.book(Rush)
        self._wipes = wipes(evidence)

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Rule over every acknowledged release."""
        found, releases, orders = Violations(), 0, 0
        stands = {(row.hold, row.order_id): row for row in self._book.taken}
        for story in self._rush.stories.values():
            for release in story.releases:
                if not release.is_ok:
                    continue
                releases += release.order_id is None
                orders += release.order_id is not None
                for later in self._late(story, release):
                    who = f"order {release.order_id}" if release.order_id is not None else "its subject"
                    found.add(
                        f"{story.name} was released by {who}, and a {later.f} that came later succeeded",
                        release.pointer,
                        later.pointer,
                    )
                if release.order_id is None:
                    continue
                row = stands.get((story.name, release.order_id))
                tomb = self._book.settled.get((story.name, release.order_id))
                if row is not None:
                    found.add(
                        f"{story.name} was released, and seat {row.seat_id} is {row.state}",
                        release.pointer,
                        row.pointer,
                    )
                elif tomb is None or tomb.state != RELEASED:
                    found.add(
                        f"order {release.order_id} released {story.name}, and no settlement remembers it",
                        release.pointer,
                        *([tomb.pointer] if tomb else []),
                    )
        return found.ruling(
            self._evidence, f"{releases:,} releases by subjects, {orders:,} by orders, and nothing came after them"
        )

    def _late(self, story: Story, release: Event) -> Iterator[Event]:
        """Yield what succeeded although it was first asked for when the release was over."""
        if release.order_id is None and story.asked_ns > release.done_ns:
            for event in story.asks:
                is_kept = event.done_ns <= release.call_ns + REPLAY_NS - SLACK_NS
                if event.is_ok and is_kept and not lies_between(self._wipes, release.call_ns, event.done_ns):
                    yield event
        for event in story.settles + story.extends:
            if not event.is_ok or event.call_ns <= release.done_ns:
                continue
            if release.order_id is None:
                if not lies_between(self._wipes, release.call_ns, event.done_ns):
                    yield event
            elif event.f in SETTLING and event.order_id == release.order_id:
                yield event
