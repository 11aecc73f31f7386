"""Prometheus metrics that every service has: how long requests took, by route template, method and status; its pool.

The label is the template (``/items/{item_id}``), never the path: a label whose values the caller chooses would grow
without bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPMethod

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset(method.value for method in HTTPMethod)


class MetricsMiddleware:
    """Observes every request in ``trivet_http_request_seconds`` and counts those in flight.

    A request whose client left before the answer began is observed with status 499.
    """

    def __init__(self, app: ASGIApp, member: str, registry: CollectorRegistry) -> None:
        self._app = app
        self._member = member
        self._seconds = Histogram(
            "trivet_http_request_seconds",
            "Time from the first byte of a request to the last of its answer",
            ("member", "route", "method", "status"),
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._in_flight = Gauge(
            "trivet_http_requests_in_flight", "Requests being served", ("member",), registry=registry
        ).labels(member)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and observe it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 499
        started = time.perf_counter()

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._in_flight.inc()
        try:
            await self._app(scope, receive, send_observed)
        finally:
            self._in_flight.dec()
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._seconds.labels(self._member, route, method, status).observe(time.perf_counter() - started)


class PoolCollector(Collector):
    """Reads a pool of database connections when it is scraped, so that no request pays for it."""

    def __init__(self, member: str, connections: Callable[[], tuple[int, int]]) -> None:
        """Tell of a member's pool.

        Args:
            member: whose it is.
            connections: returns how many are in use and how many are idle.
        """
        self._name = f"trivet_{member}_pool_connections"
        self._connections = connections

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return connections by state."""
        used, idle = self._connections()
        family = GaugeMetricFamily(self._name, "Database connections by state", labels=["state"])
        family.add_metric(["used"], used)
        family.add_metric(["idle"], idle)
        return [family]


def metrics_route(registry: CollectorRegistry) -> Route:
    """Return the route that serves a registry at ``/metrics``."""

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)
