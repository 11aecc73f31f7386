"""What answers of a process that serves nobody."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.types import ASGIApp

from trivet_chassis import Health, TraceMiddleware, metrics_route, problem_handlers


def bare_application(health: Health, registry: CollectorRegistry, node: str) -> ASGIApp:
    """Return its health and metrics."""
    routes = [*health.routes(), metrics_route(registry)]
    return TraceMiddleware(Starlette(routes=routes, exception_handlers=problem_handlers()), node)
