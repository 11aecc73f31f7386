"""What was told of orders: the records of their topic, each with the event that it tells of."""

from __future__ import annotations

from typing import Any

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer

TOPIC = "order.events"
NAME = f"topic {TOPIC}"


class Told(msgspec.Struct, gc=False):
    """What every event says of itself."""

    type: str
    event_id: str
    aggregate_id: str
    aggregate_version: int
    data: dict[str, Any] = {}


class TopicRecord(msgspec.Struct, gc=False):
    """One record: where it lies, under which key, and the event that it tells of, None if it is none."""

    partition: int
    offset: int
    key: str | None
    told: Told | None
    line: int
    claims: tuple[str | None, str | None] = (None, None)
    """What its headers say: the event's id, and its type."""

    @property
    def pointer(self) -> Pointer:
        """Where the record stands among the evidence."""
        return (NAME, self.line)

    def __str__(self) -> str:
        """Say which record, for people."""
        return f"record {self.offset} of partition {self.partition}"


class Topic:
    """The whole topic, read once, each partition in the order of its offsets."""

    def __init__(self, evidence: Evidence) -> None:
        """Read it.

        Raises:
            EvidenceError: it was not read, or is damaged.
        """
        self.records: list[TopicRecord] = []
        decode = msgspec.json.Decoder(Told).decode
        last: dict[int, int] = {}
        for line, record in evidence.topic(TOPIC):
            if record.offset <= last.get(record.partition, -1):
                raise EvidenceError(f"{NAME} is out of order at byte {line}")
            last[record.partition] = record.offset
            try:
                told = decode((record.value or "").encode()) if record.encoding == "utf-8" else None
            except msgspec.DecodeError:
                told = None
            claims = record.header("event-id"), record.header("type")
            self.records.append(TopicRecord(record.partition, record.offset, record.key, told, line, claims))

    def told(self) -> list[TopicRecord]:
        """Return every record.

        Raises:
            EvidenceError: there is none, so that nothing that was told can be looked at.
        """
        if not self.records:
            raise EvidenceError(f"{NAME} is empty: nothing was told")
        return self.records
