"""Nobody is told that a seat is taken while it is free."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import NEVER_NS, wipes
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import ALREADY_HELD, Event, HoldName, Reservation, Rush, Story
from trivet_lab.checkers._standing import REPLAY_NS, SLACK_NS, Span, Standing, lies_between, possible
from trivet_lab.checkers._witness import Violations

NS_PER_S = 1_000_000_000


class RefusedHoldsLegal(Checker):
    """Compares every *already held* with all who can have stood at the seats that it names.

    A refusal is kept and told again to whoever repeats the hold, for a minute: it may have been decided as long before
    as the hold was first asked for. Whose end nobody knows can have stood from its call on, for good.
    """

    NAME: ClassVar[str] = "refused_holds_legal"
    RULE: ClassVar[str] = (
        "A hold is refused as already held only because of seats that it asked for and names, at each of which another "
        "hold, pin or sale can have stood at some instant between the first call and the answer, or after Valkey lost "
        "its memory its own."
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
        """Rule over every refusal."""
        standing, spans = self._standing()
        found, refused = Violations(), 0
        for story in self._rush.stories.values():
            for event in story.asks:
                if event.outcome == "fail" and event.code == ALREADY_HELD:
                    refused += 1
                    self._judge(story, event, standing, spans.get(story.name), found)
        unreadable = self._evidence.history.unreadable
        if 0 < found.count <= unreadable:
            return Ruling("unknown", f"{unreadable:,} lines of the history are unreadable and may tell who stood there")
        return found.ruling(self._evidence, f"{refused:,} refusals, each can have met who stood there")

    def _standing(self) -> tuple[dict[tuple[str, str], Standing], dict[HoldName, Span]]:
        """Return who can have stood at each seat, those whom only the ledger knows too, and the span of each hold."""
        standing: defaultdict[tuple[str, str], Standing] = defaultdict(Standing)
        spans: dict[HoldName, Span] = {}
        for story in self._rush.stories.values():
            span = possible(story, self._wipes)
            if span is not None:
                spans[story.name] = span
                for seat in _all_seats(story):
                    standing[story.name.show_id, seat].add(span)
        for (show_id, seat), rows in self._book.taken_by.items():
            for row in rows:
                if row.hold not in self._rush.stories:
                    standing[show_id, seat].add(Span(-NEVER_NS, NEVER_NS, row.hold))
        return standing, spans

    def _judge(
        self,
        story: Story,
        event: Event,
        standing: dict[tuple[str, str], Standing],
        own: Span | None,
        found: Violations,
    ) -> None:
        if not event.named:
            found.add(f"{story.name} was refused, and no seat is named", event.pointer)
            return
        since = max(story.asked_ns, event.call_ns - REPLAY_NS - SLACK_NS)
        for seat in event.named:
            if seat not in event.seats:
                found.add(f"{story.name} was refused because of seat {seat}, which it did not ask for", event.pointer)
                continue
            spans = standing.get((story.name.show_id, seat))
            others = spans.count(since, event.done_ns) if spans else 0
            forgot = lies_between(self._wipes, story.asked_ns, event.done_ns)  # then it may meet its own sale
            if own and not forgot and own.from_ns <= event.done_ns and own.to_ns >= since and seat in _all_seats(story):
                others -= 1
            if others <= 0:
                found.add(
                    f"{story.name} was refused because of seat {seat}, where nobody else can have stood from "
                    f"{since / NS_PER_S:.3f} s to {event.done_ns / NS_PER_S:.3f} s",
                    event.pointer,
                )


def _all_seats(story: Story) -> set[str]:
    """Return every seat that a hold can have had, whichever of its operations was first."""
    seats = set(story.seats)
    for event in story.asks:
        if event.may_have_happened:
            seats.update(event.seats)
    return seats
