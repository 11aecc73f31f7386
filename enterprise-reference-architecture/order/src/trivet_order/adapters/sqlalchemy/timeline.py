"""The timeline: one row an event, read by order and version, and by the index of both alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, Text, select, text
from sqlalchemy import DateTime as DateTimeType
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.refusals import data_refused
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.tables import timeline
from trivet_order.application import DataRefused
from trivet_order.application.messages import Message
from trivet_order.application.views import TimelineEntry

_RECORD = text(statement("record_timeline"))
_LATER = text(statement("read_later_entries")).columns(
    order_id=UuidType,
    order_version=BigInteger,
    event_id=UuidType,
    type=Text,
    occurred_on=DateTimeType(timezone=True),
    recorded_on=DateTimeType(timezone=True),
    data=JSONB,
)
_COLUMNS = (
    timeline.c.order_id,
    timeline.c.order_version,
    timeline.c.event_id,
    timeline.c.type,
    timeline.c.occurred_on,
    timeline.c.recorded_on,
    timeline.c.data,
)


class SqlAlchemyTimelineRecorder:
    """Writes the timeline, in one transaction; the inbox has said what is new."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def record(self, messages: Sequence[Message]) -> None:
        """Write one entry a message (DataRefused if one of them cannot be stored)."""
        columns = {
            "order_ids": [message.aggregate_id for message in messages],
            "order_versions": [message.aggregate_version for message in messages],
            "event_ids": [message.event_id for message in messages],
            "types": [message.type for message in messages],
            "versions": [message.version for message in messages],
            "moments": [message.occurred_on for message in messages],
            "facts": [_written(message) for message in messages],
        }
        with data_refused():
            await self._session.execute(_RECORD, columns)


class SqlAlchemyTimeline:
    """Reads the timeline of one order."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def entries(self, order_id: UUID, after_version: int) -> Sequence[TimelineEntry]:
        """Return what happened after a version, in the order of versions, whatever is missing in between."""
        found = await self._session.execute(
            select(*_COLUMNS)
            .where(timeline.c.order_id == order_id, timeline.c.order_version > after_version)
            .order_by(timeline.c.order_version, timeline.c.position)
        )
        return [_entry(row) for row in found]


class SqlAlchemyTimelineFeed:
    """Reads many timelines at once, in one statement, whoever watches them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def later(self, seen: Mapping[UUID, int]) -> Sequence[TimelineEntry]:
        """Return the entries behind what was seen of these orders, each order's in its order."""
        async with self._database.reading() as session:
            found = await session.execute(_LATER, {"order_ids": list(seen), "versions": list(seen.values())})
            return [_entry(row) for row in found]


def _written(message: Message) -> str:
    """Return the data as JSON (DataRefused if what was read cannot be written, as what is nested too deep cannot)."""
    try:
        return json.dumps(message.data)
    except (ValueError, RecursionError) as error:
        raise DataRefused(f"its data cannot be written: {error}") from error


def _entry(row: Row[*tuple[Any, ...]]) -> TimelineEntry:
    return TimelineEntry(*row)
