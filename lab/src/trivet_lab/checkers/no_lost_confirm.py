"""Whoever was told that a seat is theirs has it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._seats import CONFIRM, PINNED, SOLD, Event, Reservation, Rush, Story
from trivet_lab.checkers._witness import Violations


class NoLostConfirm(Checker):
    """Looks for every acknowledged confirmation and pin in the ledger, seat by seat, with the fence that was told.

    A pin may be gone if its own order released it or may have; what is sold never is.
    """

    NAME: ClassVar[str] = "no_lost_confirm"
    RULE: ClassVar[str] = (
        "Every acknowledged confirmation has its rows, sold, and every acknowledged pin its own, pinned or sold, "
        "with the fence that was answered, unless that order released it."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Reservation)
        self._rush = evidence.book(Rush)

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Look every one up."""
        found = Violations()
        acknowledged = 0
        for story in self._rush.stories.values():
            for event in story.settles:
                if event.is_ok:
                    acknowledged += 1
                    self._judge(story, event, found)
        if not acknowledged:
            raise EvidenceError("no pin and no confirmation was acknowledged, so none could be lost")
        return found.ruling(self._evidence, f"{acknowledged:,} pins and confirmations acknowledged, each has its seats")

    def _judge(self, story: Story, event: Event, found: Violations) -> None:
        what = f"the {event.f} of {story.name} by order {event.order_id}"
        if not (event.seats or story.seats):
            found.add(f"{what} was acknowledged and names no seat", event.pointer)
        if event.f != CONFIRM and _may_be_released(story, event):
            return
        for seat in event.seats or story.seats:
            row = self._book.row_of(story.name, event.order_id, seat)
            if row is None:
                others = self._book.taken_by.get((story.name.show_id, seat), [])
                found.add(
                    f"{what} was acknowledged, and seat {seat} is not theirs",
                    event.pointer,
                    *(other.pointer for other in others),
                )
            elif row.state not in ({SOLD} if event.f == CONFIRM else {PINNED, SOLD}):
                found.add(f"{what} was acknowledged, and seat {seat} is {row.state}", event.pointer, row.pointer)
            elif row.fence != event.fence:
                found.add(
                    f"{what} was told fence {event.fence}, and seat {seat} has {row.fence}", event.pointer, row.pointer
                )


def _may_be_released(story: Story, event: Event) -> bool:
    return any(
        release.order_id == event.order_id and release.may_have_happened and release.done_ns >= event.call_ns
        for release in story.releases
    ) and not any(other.f == CONFIRM and other.is_ok for other in story.settles)
