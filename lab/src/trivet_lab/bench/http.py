"""The generator of HTTP benches: N connections that ask without pause, or at a rate; and what it can do at most.

A crowd (``trivet_lab.load``) is a model of buyers with a history to be judged; this is a meter. It writes
requests that are bytes already and reads of an answer no more than its status and its length, since on a machine
that it shares with its server every instruction of the meter is taken from what is measured.
"""

from __future__ import annotations

import asyncio
import collections
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec
import uvloop

from trivet_lab.bench.exchange import Exchange
from trivet_lab.bench.result import BenchError, Ceiling
from trivet_lab.latency import Histogram

__all__ = ["Ceiling", "Sent", "ceiling_per_s", "closed_loop", "open_loop", "request_bytes"]

_PATIENCE_S = 30.0  # what is under way when the time is over has so long to be answered
Request = Callable[[], bytes]


class Sent(msgspec.Struct, frozen=True):
    """What came of it: answers below 400 a second, all answers by status ("0": cut), latency in milliseconds.

    Latency counts from the sending in a closed loop, and in an open one from the instant when it was due, so that a
    server that stalls is charged for those who waited to be sent. What was cut is in no latency.
    """

    per_s: float
    statuses: dict[str, int]
    latency_ms_p50: float
    latency_ms_p99: float
    latency_ms_max: float


class _Tally:
    """Counts what is answered."""

    def __init__(self) -> None:
        self.statuses: collections.Counter[str] = collections.Counter()
        self._latency = Histogram()

    def count(self, status: int, since_s: float) -> None:
        self.statuses[str(status)] += 1
        if status:
            self._latency.record(round((time.perf_counter() - since_s) * 1e6))

    def sum_up(self, seconds: float) -> Sent:
        good = sum(count for status, count in self.statuses.items() if 0 < int(status) < 400)
        latency_ms = (self._latency.percentile(50) / 1e3, self._latency.percentile(99) / 1e3, self._latency.max / 1e3)
        return Sent(good / seconds, dict(self.statuses), *latency_ms)


def request_bytes(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a request as it goes over the wire, on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def closed_loop(url: str, request: Request, *, connections: int, seconds: float) -> Sent:
    """Let each connection ask again as soon as it was answered, for so many seconds.

    Args:
        url: ``http://host:port``.
        request: returns the next request's bytes (``request_bytes``), a new key in each where one is needed.
        connections: how many ask at once.
        seconds: how long new requests are begun.

    Raises:
        BenchError: nobody listens there, or what answers is no HTTP.
    """

    async def loop(exchange: Exchange, tally: _Tally, ends_s: float) -> None:
        while (since_s := time.perf_counter()) < ends_s:
            tally.count(await exchange.ask(request()), since_s)

    return _run(url, loop, connections, seconds)


def open_loop(url: str, request: Request, *, per_s: float, connections: int, seconds: float) -> Sent:
    """Send ``per_s`` requests a second, evenly, whether the earlier ones were answered or not.

    One that finds every connection waiting is sent when the first is free; its latency counts from when it was due.
    Arguments and errors as for ``closed_loop``.
    """
    due = iter(range(round(per_s * seconds)))  # shared: whoever is free takes the next

    async def loop(exchange: Exchange, tally: _Tally, ends_s: float) -> None:
        begun_s = ends_s - seconds
        for number in due:
            due_s = begun_s + number / per_s
            await asyncio.sleep(due_s - time.perf_counter())
            since_s = min(due_s, time.perf_counter())  # a timer rounds to milliseconds, and may be early
            tally.count(await exchange.ask(request()), since_s)

    return _run(url, loop, connections, seconds)


def ceiling_per_s(request: Request, *, connections: int, seconds: float) -> float:
    """Return how many such requests a second the closed loop gets out of a responder that does nothing.

    The responder is a process of its own, as a server is. Source of the rule that a bench names it: a figure near the
    generator's own limit says nothing of the server.
    """
    argv = [sys.executable, "-m", "trivet_lab.bench.responder"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as responder:
        if responder.stdout is None or not (port := responder.stdout.readline().strip()):
            raise BenchError("the bare responder did not start")
        sent = closed_loop(f"http://127.0.0.1:{port}", request, connections=connections, seconds=seconds)
    return sent.per_s


def _run(
    url: str,
    loop: Callable[[Exchange, _Tally, float], collections.abc.Awaitable[None]],
    connections: int,
    seconds: float,
) -> Sent:
    address = urlsplit(url)

    async def all_of_them() -> Sent:
        tally = _Tally()
        exchanges = [Exchange(address.hostname or "", address.port or 80) for _ in range(connections)]
        try:
            await asyncio.gather(*(exchange.open() for exchange in exchanges))
            began_s = time.perf_counter()
            async with asyncio.timeout(seconds + _PATIENCE_S):
                await asyncio.gather(*(loop(exchange, tally, began_s + seconds) for exchange in exchanges))
            return tally.sum_up(time.perf_counter() - began_s)
        except TimeoutError:
            raise BenchError(f"{url}: an answer took longer than {_PATIENCE_S:g} s") from None
        except OSError as error:
            raise BenchError(f"{url}: {error}") from error
        finally:
            for exchange in exchanges:
                exchange.close()

    return uvloop.run(all_of_them())
