"""Whoever has a seat asked for it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import CONFIRM, PINNED, SETTLING, SOLD, Reservation, Rush, Taken
from trivet_lab.checkers._witness import Violations

_BY = {SOLD: frozenset({CONFIRM}), PINNED: SETTLING}
"""What can have put a row into each state."""


class NoPhantomConfirm(Checker):
    """Looks for the operation behind every row of what is taken: one that asked for it and was not told otherwise."""

    NAME: ClassVar[str] = "no_phantom_confirm"
    RULE: ClassVar[str] = (
        "Every sold seat belongs to a confirmation and every pinned one to a pin or a confirmation of that hold by "
        "that order, which was acknowledged or whose end nobody learnt, and to a hold that asked for it."
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
        """Rule over every row."""
        found = Violations()
        for row in self._book.taken:
            if sentence := self._wrong(row):
                story = self._rush.stories.get(row.hold)
                asked = [event.pointer for event in story.settles + story.asks][:3] if story else []
                found.add(sentence, row.pointer, *asked)
        unreadable = self._evidence.history.unreadable
        if 0 < found.count <= unreadable:
            return Ruling(
                "unknown",
                f"{found.count:,} seats have no operation, but {unreadable:,} lines of the history are unreadable and "
                "may have been theirs",
            )
        return found.ruling(self._evidence, f"{len(self._book.taken):,} seats taken, each was asked for and told so")

    def _wrong(self, row: Taken) -> str:
        what = f"seat {row.seat_id} is {row.state} by {row.hold} for order {row.order_id}"
        if row.state not in _BY:
            return f"{what}, which is no state of a seat that is taken"
        story = self._rush.stories.get(row.hold)
        if story is None:
            return f"{what}, and nobody asked for that hold"
        if not any(
            event.f in _BY[row.state] and event.order_id == row.order_id and event.may_have_happened
            for event in story.settles
        ):
            return f"{what}, and no operation can have made it so"
        if story.asks and not any(row.seat_id in event.seats for event in story.asks if event.may_have_happened):
            return f"{what}, and the hold never had that seat"
        return ""
