"""What could not have its effect, byte for byte, with the reason and the place that it came from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.storable import storable
from trivet_order.adapters.sqlalchemy.tables import parked
from trivet_order.application.projecting import ParkedRecord, Place, Poison, Record

_PLACE = tuple_(parked.c.topic, parked.c.partition, parked.c.record_offset)
REASON_CHARACTERS_MAX = 1000


class SqlAlchemyParked:
    """The parked records of one consumer, in one transaction.

    A stranger's bytes are kept in columns that take any: what names them and why is made safe for text, because poison
    that cannot even be parked would stop the stream after all.
    """

    def __init__(self, session: AsyncSession, consumer: str) -> None:
        self._session = session
        self._consumer = consumer

    async def park(self, poisons: Sequence[Poison]) -> None:
        """Put these aside; one that is there already stays as it is."""
        rows = [self._row(poison) for poison in poisons]
        await self._session.execute(insert(parked).on_conflict_do_nothing(), rows)

    async def find(self, place: Place) -> ParkedRecord | None:
        """Return what is parked of a place, and keep others from it until this unit ends."""
        found = await self._session.execute(select(parked).where(self._at(place)).with_for_update())
        row = found.one_or_none()
        return None if row is None else _parked(row)

    async def mark_replayed(self, place: Place) -> None:
        """Note that it had its effect now, by the database's clock."""
        changes = {"replayed_at": func.clock_timestamp()}
        await self._session.execute(update(parked).where(self._at(place)).values(changes))

    async def discard(self, place: Place) -> None:
        """Forget it."""
        await self._session.execute(delete(parked).where(self._at(place)))

    async def page(self, after: Place | None, limit: int) -> Sequence[ParkedRecord]:
        """Return what is parked, in the order of places, from behind one on."""
        wanted = select(parked).where(parked.c.consumer == self._consumer)
        if after is not None:
            wanted = wanted.where(tuple_(after.topic, after.partition, after.offset) < _PLACE)
        found = await self._session.execute(wanted.order_by(*_PLACE.clauses).limit(limit))
        return [_parked(row) for row in found]

    async def count(self) -> int:
        """Return how many wait: parked, and not replayed."""
        waiting = select(func.count()).where(parked.c.consumer == self._consumer, parked.c.replayed_at.is_(None))
        return (await self._session.execute(waiting)).scalar_one()

    def _at(self, place: Place) -> ColumnElement[bool]:
        there = tuple_(place.topic, place.partition, place.offset)
        return (parked.c.consumer == self._consumer) & (there == _PLACE)

    def _row(self, poison: Poison) -> dict[str, Any]:
        record = poison.record
        return {
            "consumer": self._consumer,
            "topic": record.place.topic,
            "partition": record.place.partition,
            "record_offset": record.place.offset,
            "key": record.key,
            "value": record.value,
            "headers": [[storable(name), _base64(value)] for name, value in record.headers],
            "reason": storable(poison.reason)[:REASON_CHARACTERS_MAX],
        }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _parked(row: Row[Any]) -> ParkedRecord:
    headers = tuple((name, None if value is None else base64.b64decode(value)) for name, value in row.headers)
    record = Record(Place(row.topic, row.partition, row.record_offset), row.key, row.value, headers)
    return ParkedRecord(record, row.reason, row.parked_at, row.replayed_at)
