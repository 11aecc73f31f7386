"""An order's events are told in the order in which they happened."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._topic import Topic, TopicRecord
from trivet_lab.checkers._witness import Violations


class EventsInOrder(Checker):
    """Reads each partition as a consumer with an inbox does: whatever comes again is dropped, by its event's id.

    A record may stand there twice, since whoever sent it may not have learnt that it arrived. But the first of each
    must stand in the order of versions: a consumer that was told of version 3 before 2 cannot know what it lacks. Kafka
    promises an order within one partition alone, so all of an order's records belong into one.
    """

    NAME: ClassVar[str] = "events_in_order"
    RULE: ClassVar[str] = (
        "All records of an order are in one partition, and the first records of its events stand there with versions "
        "from 1 on, growing and without a gap."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the topic."""
        self._evidence = evidence
        self._topic = evidence.book(Topic)

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Rule over every order, partition by partition."""
        found = Violations()
        seen: set[str] = set()
        last: dict[str, TopicRecord] = {}
        again = 0
        for record in self._topic.told():
            told = record.told
            if told is None:
                continue
            before = last.get(told.aggregate_id)
            if before is not None and before.partition != record.partition:
                what = f"order {told.aggregate_id} is told in partitions {before.partition} and {record.partition}"
                found.add(what, before.pointer, record.pointer)
            elif told.event_id in seen:
                again += 1
                continue
            else:
                expected = 1 + (before.told.aggregate_version if before and before.told else 0)
                if told.aggregate_version != expected:
                    what = (
                        f"version {told.aggregate_version} of order {told.aggregate_id} stands where {expected} belongs"
                    )
                    found.add(what, before.pointer if before else None, record.pointer)
            seen.add(told.event_id)
            last[told.aggregate_id] = record
        return found.ruling(
            self._evidence, f"{len(last):,} orders, {len(seen):,} events in their order; {again:,} were told again"
        )
