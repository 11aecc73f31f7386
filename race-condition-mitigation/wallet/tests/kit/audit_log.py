"""What the audit log says of a request."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx

_EVENTS = {"moved", "refused"}
_PATIENCE_S = 20


def lines_of(log: Path, answer: httpx.Response) -> list[dict[str, Any]]:
    """Return what a log says so far of an answer's request."""
    trace_id = answer.headers["traceparent"].split("-")[1]
    whole = [line for line in log.read_text().splitlines(keepends=True) if line.endswith("}\n")]
    lines = [json.loads(line) for line in whole]
    return [line for line in lines if line["event"] in _EVENTS and line.get("trace_id") == trace_id]


def line_of(log: Path, answer: httpx.Response) -> dict[str, Any]:
    """Return the one line of an answer's request, once it is there.

    A thread of its own writes lines, and no answer waits for it.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not (told := lines_of(log, answer)):
        assert time.monotonic() < deadline, "nothing was told"
        threading.Event().wait(0.01)
    [line] = told
    return line
