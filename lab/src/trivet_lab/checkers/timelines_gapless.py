"""Whoever reads what happened to an order reads all of it up to somewhere, and in order."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import FOLLOW, TIMELINE, Asked, Crowd
from trivet_lab.checkers._orders import Orders
from trivet_lab.checkers._witness import Violations


class _Entry(msgspec.Struct, gc=False):
    version: int
    event_id: str
    type: str


class _Timeline(msgspec.Struct, gc=False):
    entries: list[_Entry]
    version: int


class TimelinesGapless(Checker):
    """Compares every timeline and every stream that somebody read with the events of its order.

    A timeline may lag behind, since it is made of what was published; it may not leave anything out on the way. A
    stream goes on from the version that its reader knew. What is read once everything is at rest has to be whole.
    """

    NAME: ClassVar[str] = "timelines_gapless"
    RULE: ClassVar[str] = (
        "Every timeline has its order's events from version 1 on, and every stream those from the version after the "
        "one that was known, without a gap, each as it was committed, and a timeline that is read at rest has all of "
        "them."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule over every one that was read."""
        found = Violations()
        read = {TIMELINE: 0, FOLLOW: 0}
        for order_id, several in self._crowd.about.items():
            for asked in several:
                if asked.is_ok and asked.f in read:
                    read[asked.f] += 1
                    if sentence := self._wrong(order_id, asked):
                        lines = [event.pointer for event in self._book.events_of.get(order_id, ())]
                        found.add(f"the {asked.f} of order {order_id} {sentence}", asked.pointer, *lines)
        if not all(read.values()):
            raise EvidenceError("nobody read a timeline, or nobody followed an order")
        told = f"{read[TIMELINE]:,} timelines and {read[FOLLOW]:,} streams, none with a gap"
        return found.ruling(self._evidence, told)

    def _wrong(self, order_id: str, asked: Asked) -> str:
        line = self._evidence.line(asked.pointer)
        after = line["args"].get("after", 0) if asked.f == FOLLOW else 0
        try:
            entries = _entries(asked, line["value"])
        except msgspec.ValidationError as error:
            return f"cannot be read: {error}"
        versions = [entry.version for entry in entries]
        if versions != list(range(after + 1, after + 1 + len(entries))):
            return f"has versions {versions} after {after}"
        events = {event.order_version: event for event in self._book.events_of.get(order_id, ())}
        for entry in entries:
            event = events.get(entry.version)
            if event is None or (event.event_id, event.type) != (entry.event_id, entry.type):
                return (
                    f"has {entry.type} as version {entry.version}, which was {event.type if event else 'never there'}"
                )
        if asked.at_rest and len(entries) < len(events):
            return f"has {len(entries)} of {len(events)} events when everything is at rest"
        return ""


def _entries(asked: Asked, value: dict[str, Any]) -> list[_Entry]:
    """Return what was read; a stream's event without an id is no entry, and the id of any other is its version.

    Raises:
        msgspec.ValidationError: it is no timeline, or no stream of one.
    """
    if asked.f == FOLLOW:
        told = [event for event in value.get("events", []) if event.get("id") is not None]
        entries = msgspec.convert([event["data"] for event in told], list[_Entry])
        if [event["id"] for event in told] != [str(entry.version) for entry in entries]:
            raise msgspec.ValidationError("an event's id is not its version")
        return entries
    timeline = msgspec.convert(value, _Timeline)
    last = timeline.entries[-1].version if timeline.entries else 0
    if timeline.version != last:
        raise msgspec.ValidationError(f"it says version {timeline.version}, and ends with {last}")
    return timeline.entries
