"""The timeline is what happened, each event once."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._orders import Orders, TimelineRow
from trivet_lab.checkers._witness import Violations


class TimelineEqualsEvents(Checker):
    """Compares the timeline with the events that were committed, in both directions.

    A record that comes again is the usual thing; a consumer without an inbox writes it down again. One that says that
    it has read a record before it has written what follows from it loses that when it dies.
    """

    NAME: ClassVar[str] = "timeline_equals_events"
    RULE: ClassVar[str] = (
        "The timeline has every committed event exactly once, with its order, version and type, and nothing else."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule over every entry, and then over every event."""
        if not self._book.events and not self._book.timeline:
            raise EvidenceError("neither an event nor an entry of the timeline is there")
        found = Violations()
        entries: dict[str, TimelineRow] = {}
        for entry in self._book.timeline:
            first = entries.setdefault(entry.event_id, entry)
            event = self._book.by_event.get(entry.event_id)
            what = f"the timeline has {entry.type} (version {entry.order_version} of order {entry.order_id})"
            if first is not entry:
                found.add(f"{what} twice", first.pointer, entry.pointer)
            elif event is None:
                found.add(f"{what}, which was never committed", entry.pointer)
            elif (event.order_id, event.order_version, event.type) != (entry.order_id, entry.order_version, entry.type):
                found.add(f"{what}, and it was {event}", event.pointer, entry.pointer)
        for event in self._book.events:
            if event.event_id not in entries:
                found.add(f"{event} is not in the timeline", event.pointer)
        return found.ruling(self._evidence, f"{len(self._book.timeline):,} entries, each of one event")
