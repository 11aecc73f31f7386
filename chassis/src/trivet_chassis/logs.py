"""Logs as one JSON object a line on stdout, from structlog and the standard library alike, with the trace id."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .lines import stdout_lines


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


_origin: dict[str, str] = {}


def tell_line(event: str, level: str, trace_id: str, facts: Mapping[str, object]) -> None:
    """Tell one line whatever the level is, past the processors that others go through; it neither waits nor fails.

    A line a request by structlog and the standard library costs about as much as the request's own work; this one costs
    its encoding. It is written a moment later, and a process that is killed before loses it (``lines.py``).
    """
    line = {
        "at": datetime.now(UTC).isoformat(),
        "level": level,
        **_origin,
        "event": event,
        "trace_id": trace_id,
        **facts,
    }
    try:
        encoded = msgspec.json.encode(line, enc_hook=repr)
    except Exception:  # noqa: BLE001  - what cannot be told of a movement does not undo it
        stdout_lines.lose(1)
    else:
        stdout_lines.put(encoded + b"\n")


class _Handler(logging.Handler):
    """Hands lines over to the same queue: of the audit log and of everything else one order is kept."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one line over."""
        try:
            stdout_lines.put(self.format(record).encode(errors="backslashreplace") + b"\n")
        except Exception:  # noqa: BLE001  - as the standard library's own handlers do
            self.handleError(record)


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
    handler = _Handler()
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
