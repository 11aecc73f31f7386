"""Events become entries of the timeline: each once, however often it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trivet_order.application.errors import DataRefused
from trivet_order.application.messages import Message, UnreadableMessage
from trivet_order.application.projecting.ports import Poison, ProjectionUnits, Record, RecordStreamPort
from trivet_order.application.projecting.reading_records import message_in


@dataclass(frozen=True, slots=True)
class Projected:
    """What became of a batch: how many records it had, what was new of it, and what was put aside."""

    records: int = 0
    recorded: tuple[Message, ...] = ()
    parked: tuple[Poison, ...] = ()

    def __add__(self, other: Projected) -> Projected:
        return Projected(self.records + other.records, self.recorded + other.recorded, self.parked + other.parked)


class ProjectTimelineUseCase:
    """Takes a batch, gives it its effect in one transaction, and only then lets the stream move on.

    Which race: a crash at any moment, or a partition that another consumer gets while its records are in hand here. Why
    this order: a batch that was not settled comes again, and the inbox knows what of it had its effect. If it were the
    other way round, a crash between the two would lose the batch.
    """

    def __init__(self, stream: RecordStreamPort, units: ProjectionUnits) -> None:
        self._stream = stream
        self._units = units

    async def execute(self) -> Projected:
        """Project the next batch, if there is one.

        What cannot be read is parked with its reason, and so is what the database cannot store; the rest of the batch
        goes on.

        Raises:
            StreamUnavailable: nothing was taken.
            StoreUnavailable: whatever of the batch has no effect yet is taken again the next time. Nothing is parked
                for that: the record is not to blame.
        """
        records = await self._stream.take()
        if not records:
            return Projected()
        try:
            projected = await self._project(records)
        except BaseException:
            self._stream.take_back()
            raise
        await self._stream.settle()
        return projected

    async def _project(self, records: Sequence[Record]) -> Projected:
        """Give records their effect together, or by halves until the one is found that the database refuses."""
        try:
            return await self._record(records)
        except DataRefused as refused:
            if len(records) == 1:
                return await self._park(Poison(records[0], f"the database refuses it: {refused}"))
        middle = len(records) // 2
        return await self._project(records[:middle]) + await self._project(records[middle:])

    async def _record(self, records: Sequence[Record]) -> Projected:
        messages: dict[UUID, Message] = {}
        poisons: list[Poison] = []
        for record in records:
            try:
                message = message_in(record)
            except UnreadableMessage as unreadable:
                poisons.append(Poison(record, str(unreadable)))
            else:
                messages.setdefault(message.event_id, message)
        async with self._units.open() as unit:
            new = await unit.inbox.admit(messages.keys()) if messages else frozenset()
            recorded = tuple(message for message in messages.values() if message.event_id in new)
            if recorded:
                await unit.timeline.record(recorded)
            if poisons:
                await unit.parked.park(poisons)
            await unit.commit()
        return Projected(len(records), recorded, tuple(poisons))

    async def _park(self, poison: Poison) -> Projected:
        async with self._units.open() as unit:
            await unit.parked.park([poison])
            await unit.commit()
        return Projected(1, (), (poison,))
