"""Whether anybody met anybody: a service without guards looks right to customers who come one at a time."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._ordering import CANCEL, Asked, Crowd
from trivet_lab.checkers._topic import Topic


class OrdersRaced(Checker):
    """Counts keys and orders at which two operations were in flight together, and orders that had several events."""

    NAME: ClassVar[str] = "orders_raced"
    RULE: ClassVar[str] = (
        "At least one key was sent twice at once, one order was cancelled twice at once, and one had more than one "
        "event to be told in order."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the topic."""
        self._topic = evidence.book(Topic)
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule: without a race nothing was put to the test, so the verdict is unknown."""
        keys = sum(_met(several) for several in self._crowd.by_key.values())
        cancelled = sum(
            _met([asked for asked in several if asked.f == CANCEL]) for several in self._crowd.about.values()
        )
        events: dict[str, set[str]] = {}
        for record in self._topic.records:
            if record.told:
                events.setdefault(record.told.aggregate_id, set()).add(record.told.event_id)
        several_events = sum(len(each) > 1 for each in events.values())
        told = (
            f"{keys:,} keys were sent twice at once, {cancelled:,} orders cancelled twice at once; {several_events:,} "
            f"of {len(events):,} orders had more than one event"
        )
        return Ruling("valid" if keys and cancelled and several_events else "unknown", told)


def _met(several: list[Asked]) -> bool:
    """Whether two of these were in flight together: somebody was asked before an earlier one had an answer."""
    spans = sorted((asked.call_ns, asked.done_ns) for asked in several)
    latest = None
    for call_ns, done_ns in spans:
        if latest is not None and call_ns < latest:
            return True
        latest = done_ns if latest is None else max(latest, done_ns)
    return False
