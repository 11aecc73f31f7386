"""What a customer sees of an order's history: at once, and as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field

from trivet_chassis import ANSWER_HEADERS, JSON, refuses, requires
from trivet_chassis.web import StrictRoute, answers, current_subject
from trivet_order.application import ReadTimeline, TimelineEntry
from trivet_order.application.gapless import gapless
from trivet_order.bootstrap import Api
from trivet_order.entrypoints.refusals import told
from trivet_order.entrypoints.timeline_stream import MEDIA_TYPE, TimelineStream, entry_out
from trivet_order.entrypoints.timeline_watch import TimelineWatch
from trivet_order.entrypoints.wire import OrderId

FOR_MS_MAX = 600_000
_VERSION_DIGITS_MAX = 18
_REFUSED = ("unauthenticated", "forbidden", "invalid-request", "not-found", "queue-full", "internal", "unavailable")
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events",
        "headers": ANSWER_HEADERS,
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
router = APIRouter(route_class=StrictRoute)


class Entry(BaseModel):
    """What happened to an order at one of its versions."""

    version: int = Field(description="Counts what ever happened to the order, from 1 on.")
    event_id: UUID
    type: str = Field(examples=["OrderCreated"])
    occurred_on: datetime
    recorded_on: datetime = Field(description="When the timeline learned of it.")
    data: dict[str, Any] = Field(description="What the event says beside that.")


class Timeline(BaseModel):
    """What happened to an order, as far as it is known without a gap."""

    entries: list[Entry]
    version: int = Field(description="The last entry's version, 0 if there is none: where a stream goes on.")


@dataclass(frozen=True)
class Timelines:
    """What the routes need: ``read`` executes ReadTimelineUseCase, ``watch`` runs in the background of the server."""

    read: Callable[[ReadTimeline], Awaitable[Sequence[TimelineEntry]]]
    watch: TimelineWatch
    heartbeat_ms: int

    @classmethod
    def of(cls, api: Api) -> Timelines:
        """Return what an API has of them."""
        settings, health = api.process.settings, api.process.health
        watch = TimelineWatch(api.feed, settings.stream_poll_ms, settings.streams_max, lambda: health.is_draining)
        return cls(api.read_timeline, watch, settings.stream_heartbeat_ms)


def _timelines(request: Request) -> Timelines:
    timelines: Timelines = request.app.state.timelines
    return timelines


PathId = Annotated[OrderId, Path()]
Subject = Annotated[str, Depends(current_subject)]
Of = Annotated[Timelines, Depends(_timelines)]


@router.get(
    "/orders/{order_id}/timeline",
    operation_id="readTimeline",
    openapi_extra=requires("orders.read"),
    summary="Read what happened to an order",
    response_class=Response,
    responses=answers(200, Timeline, "The timeline") | refuses(*_REFUSED),
)
async def read_timeline(order_id: PathId, subject: Subject, timelines: Of) -> Response:
    """Return the timeline as far as its events have arrived; an event waits until the one before it is there."""
    with told():
        found = gapless(await timelines.read(ReadTimeline(UUID(order_id), subject)), 0)
    body = {"entries": [entry_out(entry) for entry in found], "version": len(found)}
    return Response(msgspec.json.encode(body), media_type=JSON)


@router.get(
    "/orders/{order_id}/timeline/events",
    operation_id="followTimeline",
    openapi_extra=requires("orders.read"),
    summary="Follow what happens to an order",
    response_class=Response,
    responses=_EVENTS | refuses(*_REFUSED),
)
async def follow_timeline(
    order_id: PathId,
    subject: Subject,
    timelines: Of,
    for_ms: Annotated[
        int,
        Query(
            ge=0,
            le=FOR_MS_MAX,
            description="How long the stream goes on, in ms; whoever wants more asks again.",
        ),
    ] = FOR_MS_MAX,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="last-event-id",
            max_length=100,
            description="The last event that was read, a version: what came after it is sent. What is no version is "
            "as none.",
        ),
    ] = None,
) -> Response:
    """Server-sent events: an `entry` for each event of the order, in the order of versions and without a gap.

    What is known is sent at once, and what comes when it comes. The stream ends after a while; with Last-Event-ID the
    next one goes on where it stopped.
    """
    seen = _version(last_event_id)
    with told():
        found = await timelines.read(ReadTimeline(UUID(order_id), subject, seen))
    return TimelineStream(
        timelines.watch,
        UUID(order_id),
        seen,
        gapless(found, seen),
        most_ms=for_ms,
        heartbeat_ms=timelines.heartbeat_ms,
    )


def _version(last_event_id: str | None) -> int:
    if last_event_id is None or not last_event_id.isascii() or not last_event_id.isdecimal():
        return 0
    return int(last_event_id) if len(last_event_id) <= _VERSION_DIGITS_MAX else 0
