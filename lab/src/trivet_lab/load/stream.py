"""A stream of server-sent events, read as far as somebody wants it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec

PATIENCE_S = 4.0
"""Who follows an order looks at the page for so long: below every attempt's own time limit."""
REACHED, ENDED, CUT, LEFT = "reached", "ended", "cut", "left"
_EVENTS_MAX = 10_000
_object = msgspec.json.Decoder(dict[str, Any]).decode


async def read_stream(response: aiohttp.ClientResponse, until: int) -> dict[str, Any]:
    """Return the events of a stream that was answered with 200, and how it ended.

    What was told counts, however it ended: ``reached`` the event ``until``, ``ended`` by the server, ``cut`` on the
    way, or ``left`` by whoever read it, as it took too long. Each event is ``{"id", "event", "data"}``; one that cannot
    be read has its data as text, and is for whoever judges it. A comment, as a heartbeat is one, is no event.
    """
    told: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            ended = await _read(response, until, told)
    except TimeoutError:
        ended = LEFT
    except (aiohttp.ClientError, OSError):
        ended = CUT
    return {"events": told, "ended": ended}


async def _read(response: aiohttp.ClientResponse, until: int, told: list[dict[str, Any]]) -> str:
    lines: dict[str, str] = {}
    async for raw in response.content:
        line = raw.decode(errors="replace").rstrip("\r\n")
        name, colon, rest = line.partition(":")
        if line and colon and name:
            more = f"{lines[name]}\n" if name in lines else ""
            lines[name] = more + rest.removeprefix(" ")
        elif not line and lines:
            told.append(_event(lines))
            if lines.get("id") == str(until) or len(told) >= _EVENTS_MAX:
                return REACHED
            lines = {}
    return ENDED


def _event(lines: dict[str, str]) -> dict[str, Any]:
    text = lines.get("data", "")
    try:
        data: Any = _object(text)
    except msgspec.DecodeError:
        data = text
    return {"id": lines.get("id"), "event": lines.get("event", "message"), "data": data}
