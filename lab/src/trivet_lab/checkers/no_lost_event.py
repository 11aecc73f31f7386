"""What was committed is told."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._orders import Orders
from trivet_lab.checkers._topic import TOPIC, Topic
from trivet_lab.checkers._witness import Violations


class NoLostEvent(Checker):
    """Looks for a record of every committed event, once the outbox was given the time to be emptied.

    One that is marked as published and is not in the topic is lost for good: nobody will ever send it. One that was
    passed over waits for ever, which is the same to whoever waits for it.
    """

    NAME: ClassVar[str] = "no_lost_event"
    RULE: ClassVar[str] = "Every event that was committed with an order is in the topic at least once."

    def __init__(self, evidence: Evidence) -> None:
        """Load the books and the topic."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._topic = evidence.book(Topic)

    def read(self, batch: Batch) -> None:
        """Take nothing from the history."""

    def finish(self) -> Ruling:
        """Look every event up."""
        if not self._book.events:
            raise EvidenceError("ledger order.outbox is empty: no event was committed, so none could be lost")
        told = {record.told.event_id for record in self._topic.records if record.told}
        found = Violations()
        for event in self._book.events:
            if event.event_id not in told:
                marked = "is marked as published" if event.published else "still waits"
                order = self._book.orders.get(event.order_id)
                found.add(f"{event} is not in {TOPIC}, and {marked}", event.pointer, order.pointer if order else None)
        return found.ruling(self._evidence, f"{len(self._book.events):,} events, each was told")
