"""Whoever waits for an order's end asks how it stands, again and again, until it has ended or they have had enough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

import msgspec

from trivet_lab.load.reply import Reply

PATIENCE_S = 12.0
"""Who ordered looks at the page for so long."""
FIRST_S, LONGEST_S = 0.05, 0.4
"""From one look to the next: soon at first, and less often the longer it takes."""


async def until_it_ends(look: Callable[[], Awaitable[Reply]], ends: Collection[str]) -> Reply:
    """Look until the status is one of ``ends``, and return the last answer as that of the first call.

    What is no answer about it, a refusal or a lost one, is returned as it is: whether to ask again is decided where it
    is decided for every other attempt. So is the last answer of somebody who had enough, or whose crowd is over.
    """
    first = reply = await look()
    until_s = time.monotonic() + PATIENCE_S
    pause_s = FIRST_S
    while reply.attempt.status == 200 and (reply.body or {}).get("status") not in ends:
        if time.monotonic() > until_s:
            break
        try:
            await asyncio.sleep(pause_s)
        except asyncio.CancelledError:
            break  # only the crowd's end cancels, and what was seen last was seen
        pause_s = min(pause_s * 1.5, LONGEST_S)
        reply = await look()
    attempt = msgspec.structs.replace(reply.attempt, call_ns=first.attempt.call_ns)
    return msgspec.structs.replace(reply, attempt=attempt)
