"""Logs as one JSON object a line on stdout, from structlog and the standard library alike, with the trace id."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


_origin: dict[str, str] = {}


def tell_line(event: str, level: str, trace_id: str, facts: Mapping[str, object]) -> None:
    """Write one line whatever the level is, past the processors that others go through.

    A line a request by structlog and the standard library costs about as much as the request's own work; this one costs
    its encoding and one write, which no other line comes in between (a pipe takes up to PIPE_BUF at once).
    """
    line = {
        "at": datetime.now(UTC).isoformat(),
        "level": level,
        **_origin,
        "event": event,
        "trace_id": trace_id,
        **facts,
    }
    os.write(sys.stdout.fileno(), msgspec.json.encode(line, enc_hook=repr) + b"\n")


def configure_logs(member: str, node: str, level: str = "info") -> None:
    """Send every log line of the process to stdout as JSON: at, level, member, node, event, trace_id and the rest.

    Uvicorn, asyncpg and Alembic log through the standard library and come out in the same format. Uvicorn's access
    log stays off: the request histogram counts, and a line a request would cost more than the request.
    """
    _origin.update(member=member, node=node)

    def add_origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["member"] = member
        event["node"] = node
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        add_origin,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_encode),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
