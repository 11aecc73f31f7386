"""What is told was committed."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._orders import Orders
from trivet_lab.checkers._topic import Topic, TopicRecord
from trivet_lab.checkers._witness import Violations


class NoPhantomEvent(Checker):
    """Looks for the committed event behind every record.

    What was published before its commit may be told of an order that never came to be; and the topic is for everybody,
    so that a record must say of itself what the books say: its key and its headers are what others sort it by.
    """

    NAME: ClassVar[str] = "no_phantom_event"
    RULE: ClassVar[str] = (
        "Every record of the topic tells of an event that was committed, with its order, version and type, under its "
        "order as the key and with headers that say the same."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books and the topic."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._topic = evidence.book(Topic)

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule over every record."""
        records = self._topic.told()
        found = Violations()
        for record in records:
            if sentence := self._wrong(record):
                row = self._book.by_event.get(record.told.event_id) if record.told else None
                found.add(sentence, record.pointer, row.pointer if row else None)
        return found.ruling(self._evidence, f"{len(records):,} records, each of an event that was committed")

    def _wrong(self, record: TopicRecord) -> str:
        told = record.told
        if told is None:
            return f"{record} is no event"
        what = f"{record} tells of {told.type} (version {told.aggregate_version} of order {told.aggregate_id})"
        event = self._book.by_event.get(told.event_id)
        if event is None:
            return f"{what}, which was never committed"
        if (event.order_id, event.order_version, event.type) != (told.aggregate_id, told.aggregate_version, told.type):
            return f"{what}, and {event} was committed under its id"
        if record.key != told.aggregate_id:
            return f"{what} under the key {record.key}"
        if record.claims != (told.event_id, told.type):
            return f"{what}, and its headers say {record.claims[1]} {record.claims[0]}"
        return ""
