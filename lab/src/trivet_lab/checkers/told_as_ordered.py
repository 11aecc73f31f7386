"""What is told of a new order is what was ordered."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import Crowd, payload_of
from trivet_lab.checkers._topic import Topic, TopicRecord
from trivet_lab.checkers._witness import Violations

CREATED = "OrderCreated"


class ToldAsOrdered(Checker):
    """Compares what was sent with what the topic tells of it: whoever reads the topic knows an order by that alone."""

    NAME: ClassVar[str] = "told_as_ordered"
    RULE: ClassVar[str] = (
        "The event of every acknowledged order tells of the customer, the account and the lines that were sent, and of "
        "no token."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the topic."""
        self._evidence = evidence
        self._topic = evidence.book(Topic)
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Compare each; one that was not told is for another rule to miss."""
        created: defaultdict[str, list[TopicRecord]] = defaultdict(list)
        for record in self._topic.told():
            if record.told and record.told.type == CREATED:
                created[record.told.aggregate_id].append(record)
        found = Violations()
        compared = 0
        for asked in self._crowd.acknowledged():
            records = created.get(asked.order_id or "", [])
            compared += bool(records)
            for record in records:
                if sentence := _wrong(record, asked.customer_id, asked.payload):
                    found.add(f"order {asked.order_id} {sentence}", asked.pointer, record.pointer)
        if not compared:
            raise EvidenceError("no order was both acknowledged and told")
        return found.ruling(self._evidence, f"{compared:,} orders were told as they were sent")


def _wrong(record: TopicRecord, customer: str, payload: str) -> str:
    data = record.told.data if record.told else {}
    if data.get("customer_id") != customer:
        return f"is told to be {data.get('customer_id')}'s, and is {customer}'s"
    if any("token" in line for line in data.get("lines", [])):
        return "is told with the token of a hold"
    told = payload_of(data)
    return "" if told == payload else f"is told as {told}, and was sent as {payload}"
