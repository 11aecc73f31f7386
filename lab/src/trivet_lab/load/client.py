"""One attempt on the wire, through one pooled aiohttp session; every way it can end comes back as a reply."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from trivet_lab.evidence import Attempt
from trivet_lab.load.answer import code_of
from trivet_lab.load.backoff import parse_retry_after
from trivet_lab.load.plan import Plan
from trivet_lab.load.reply import Reply
from trivet_lab.load.schedule import Intent
from trivet_lab.load.stream import read_stream
from trivet_lab.load.tokens import Tokens
from trivet_lab.load.waiting import until_it_ends

_KEEPALIVE_S = 4.0  # below the 5 s of common servers, so that a connection is not used as its server closes it
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Client:
    """Sends requests to the edge or to replicas. Connections are kept, bounded, never redirected or decompressed."""

    def __init__(self, plan: Plan, tokens: Tokens) -> None:
        """Send to the plan's edge; who has a token shows it."""
        self._bearers = {who: f"Bearer {token}" for who, token in tokens.items()}
        self._epoch_ns = plan.epoch_ns
        self._edge = plan.url.rstrip("/")
        self._inside = [url.rstrip("/") for url in plan.inside]
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=plan.connections_max, keepalive_timeout=_KEEPALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=plan.timeout_ms / 1000, ceil_threshold=3600.0),
            headers={"content-type": "application/json"},
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def attempt(self, intent: Intent, number: int) -> Reply:
        """Send an operation's request for the ``number``-th time (from 1), under its key if it has one.

        Never raises for what the network or the server does. A refused connection, too, is an attempt that
        was cut: a proxy between may have had the request. Who waits for an end asks many times, and that is one
        attempt, from the first call to the last answer. If the task is cancelled the attempt counts as cut,
        and the cancellation is the caller's to notice, because the operation must still be written down.
        """
        if intent.request.ends:
            return await until_it_ends(lambda: self._once(intent, number), intent.request.ends)
        return await self._once(intent, number)

    async def _once(self, intent: Intent, number: int) -> Reply:
        request, trace = intent.request, intent.trace
        headers = {"traceparent": f"00-{trace}-{number:016x}-01"}  # one trace an operation, one span an attempt
        if intent.key is not None:
            headers["idempotency-key"] = intent.key
        if intent.who in self._bearers:
            headers["authorization"] = self._bearers[intent.who]
        if request.after is not None:
            headers["last-event-id"] = str(request.after)
        call_ns = time.monotonic_ns()
        try:
            async with self._session.request(
                request.method, self._address(intent, number), data=request.body, headers=headers, allow_redirects=False
            ) as response:
                streams = bool(request.until) and response.status == 200
                value = await read_stream(response, request.until) if streams else _object(await response.read())
                return_ns = time.monotonic_ns()
        except TimeoutError:
            return self._lost(call_ns, "timeout", trace)
        except (aiohttp.ClientError, OSError, asyncio.CancelledError):
            return self._lost(call_ns, "cut", trace)
        attempt = Attempt(
            call_ns=call_ns - self._epoch_ns,
            return_ns=return_ns - self._epoch_ns,
            status=response.status,
            code=code_of(response.status, value),
            node=response.headers.get("x-trivet-node"),
            trace=trace,
        )
        return Reply(attempt, value, parse_retry_after(response.headers.get("retry-after")))

    def _address(self, intent: Intent, number: int) -> str:
        """Return where an attempt goes. What is asked inside goes round, so that a replica that is gone costs one."""
        if not intent.request.inside:
            return self._edge + intent.request.path
        return self._inside[(intent.op + number - 1) % len(self._inside)] + intent.request.path

    def _lost(self, call_ns: int, code: str, trace: str) -> Reply:
        return_ns = time.monotonic_ns()
        return Reply(Attempt(call_ns - self._epoch_ns, return_ns - self._epoch_ns, 0, code, None, trace))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return None
