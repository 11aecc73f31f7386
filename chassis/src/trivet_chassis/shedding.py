"""At most so many requests at once: one more is turned away at the door, at the price of an answer.

Sources: RFC 6585 §4 (429 Too Many Requests), RFC 9110 §10.2.3 (Retry-After); *Handling Overload*, chapter 21 of Site
Reliability Engineering (Beyer et al., O'Reilly 2016).
"""

from __future__ import annotations

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import QueueIsFull
from .rendering import problem_response


class SheddingMiddleware:
    """Serves at most ``in_flight_max`` requests at once, and answers one more 429 ``queue-full`` without a wait.

    Which race: requests come faster than they are served. Each that waits takes memory, and time from all others, so
    that soon every client has given up before its answer comes and asks again: the replica works at its limit and
    serves nobody. Why this guard: who has a place is served in a bounded time, and who has none knows so at once and
    that nothing happened. It stands before the token is verified and the body is read, because a flood of bad tokens or
    slow bodies takes places too. Places are counted on the event loop without an ``await`` between the look and the
    step, so two can never take the last one. A place is given back however a request ends. If it is lost, an overload
    ends with the memory or with the last client.

    ``open_paths`` have a place of their own: health and metrics are answered at once, whoever waits. If they were shed,
    an overloaded replica would be called dead, and its load would be pushed on the others until none is left.

    Args:
        app: What serves.
        in_flight_max: How many requests may be served at once.
        open_paths: Paths that need no place.
        member: The label of ``trivet_http_requests_shed_total``, which counts who was turned away.
        registry: Where that is registered.
    """

    def __init__(
        self, app: ASGIApp, in_flight_max: int, open_paths: Collection[str], member: str, registry: CollectorRegistry
    ) -> None:
        self._app = app
        self._in_flight_max = in_flight_max
        self._in_flight = 0
        self._open = frozenset(open_paths)
        self._shed = Counter(
            "trivet_http_requests_shed_total",
            "Requests turned away because as many were being served as may be",
            ("member",),
            registry=registry,
        ).labels(member)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away.

        The connection is kept: what is left of the request's body is read past, for as long as the protocol allows.
        """
        if scope["type"] != "http" or scope["path"] in self._open:
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._in_flight_max:
            self._shed.inc()
            full = QueueIsFull(f"{self._in_flight_max} requests are being served already")
            await problem_response(full)(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1
