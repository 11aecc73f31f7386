"""From the topic to the timeline: each event once, whatever the topic repeats."""

from .discard_parked import DiscardParkedUseCase
from .ports import (
    InboxPort,
    NotParked,
    ParkedPort,
    ParkedRecord,
    Place,
    Poison,
    ProjectionUnit,
    ProjectionUnits,
    Record,
    RecordStreamPort,
    StreamUnavailable,
    TimelineFeedPort,
    TimelineRecorderPort,
)
from .project_timeline import (
    Projected,
    ProjectTimelineUseCase,
)
from .reading_records import (
    RECORD_BYTES_MAX,
    message_in,
)
from .replay_parked import ReplayParkedUseCase

__all__ = [
    "RECORD_BYTES_MAX",
    "DiscardParkedUseCase",
    "InboxPort",
    "NotParked",
    "ParkedPort",
    "ParkedRecord",
    "Place",
    "Poison",
    "ProjectTimelineUseCase",
    "Projected",
    "ProjectionUnit",
    "ProjectionUnits",
    "Record",
    "RecordStreamPort",
    "ReplayParkedUseCase",
    "StreamUnavailable",
    "TimelineFeedPort",
    "TimelineRecorderPort",
    "message_in",
]
