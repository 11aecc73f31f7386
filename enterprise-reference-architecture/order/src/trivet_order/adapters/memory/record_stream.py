"""A topic in memory, and a consumer of it that is alone and never disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trivet_order.application.projecting import Place, Record


@dataclass
class MemoryTopic:
    """What was sent, a list a partition, and how far each was settled."""

    name: str = "order.events"
    partitions: tuple[list[Record], ...] = field(default_factory=lambda: ([], [], []))
    settled: dict[int, int] = field(default_factory=dict)

    def send(self, partition: int, key: bytes | None, value: bytes | None) -> Place:
        """Append a record, and return its place."""
        records = self.partitions[partition]
        place = Place(self.name, partition, len(records))
        records.append(Record(place, key, value))
        return place


class MemoryRecordStream:
    """A consumer: it begins behind what was settled."""

    def __init__(self, topic: MemoryTopic, batch_max: int = 100) -> None:
        self._topic = topic
        self._batch_max = batch_max
        self._next = {number: topic.settled.get(number, 0) for number in range(len(topic.partitions))}
        self._hand: list[Record] = []

    async def take(self) -> Sequence[Record]:
        """Return the next records."""
        self._hand = []
        for number, records in enumerate(self._topic.partitions):
            room = self._batch_max - len(self._hand)
            some = records[self._next[number] : self._next[number] + room]
            self._hand += some
            self._next[number] += len(some)
        return tuple(self._hand)

    async def settle(self) -> None:
        """Begin behind these from now on."""
        for record in self._hand:
            self._topic.settled[record.place.partition] = record.place.offset + 1
        self._hand = []

    def take_back(self) -> None:
        """Give these again."""
        for record in reversed(self._hand):
            self._next[record.place.partition] = record.place.offset
        self._hand = []
