"""Envoy's configuration as data: what is fixed at its start, and what ``route`` replaces while it runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trivet_platform.certificate import Certificate
from trivet_platform.envoy_limits import (
    Bounds,
    Limits,
    TokenIssuer,
    issuer_cluster,
    limits_of_routes,
    overload,
    unlimited,
)
from trivet_platform.envoy_listener import ANSWER_TIMEOUT, ROUTES, door_listener, listener
from trivet_platform.sockets import split_address

CLUSTERS_FILE = "clusters.json"
ROUTES_FILE = "routes.json"
PROBE_HEADER = "x-trivet-route"
_TYPES = "type.googleapis.com/envoy"
_MANY = 16_384
# A router may take a path that ends in a line feed for the path without it, and patterns do not.
_UNPRINTABLE = {
    "match": {"safe_regex": {"regex": "(?i).*%(0[0-9a-f]|1[0-9a-f]|7f).*"}},
    "direct_response": {"status": 400},
}
# A request that meets no route meets no limit either.
_NOWHERE = {"match": {"prefix": "/"}, "direct_response": {"status": 404}}


@dataclasses.dataclass(frozen=True)
class Upstream:
    """A service as the load balancer sees it.

    A door of its ``name`` leads to it, and there to every path. ``endpoints`` are its replicas, ``host:port`` each.
    ``prefixes`` are the paths routed to it at the edge, whole segments. ``internal`` are path patterns below them that
    are answered with 404 there, with what lies below; ``*`` is one segment.
    """

    name: str
    endpoints: Sequence[str]
    prefixes: Sequence[str]
    internal: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Edge:
    """What an edge is given once: where it listens, its bounds, whose tokens it knows people by, its certificate.

    ``doors`` are the ports at which services call each other, by the name of the one that is called.
    """

    host: str
    port: int
    bounds: Bounds = dataclasses.field(default_factory=Bounds)
    issuer: TokenIssuer | None = None
    certificate: Certificate | None = None
    doors: Mapping[str, int] = dataclasses.field(default_factory=dict)


def bootstrap(directory: Path, edge: Edge) -> dict[str, Any]:
    """Return what Envoy is started with: its listeners, its admin endpoint, and the files that it watches."""
    routes_source, address = _watched(directory / ROUTES_FILE), _address(edge.host, edge.port)
    served = listener(routes_source, address, edge.bounds, edge.issuer, edge.certificate)
    doors = [
        door_listener(door_name(name), _watched(directory / door_file(name)), _address(edge.host, port), edge.bounds)
        for name, port in edge.doors.items()
    ]
    known = [] if edge.issuer is None else [issuer_cluster(edge.issuer)]
    return {
        "node": {"id": "edge", "cluster": "trivet"},
        # The kernel chooses the admin port; Envoy writes it down. No other process can take it in between.
        "admin": {"address": _address(edge.host, 0)},
        "dynamic_resources": {"cds_config": _watched(directory / CLUSTERS_FILE)},
        "static_resources": {"listeners": [served, *doors], "clusters": known},
        "overload_manager": overload(edge.bounds),
    }


def clusters(version: str, upstreams: Sequence[tuple[str, Upstream]]) -> dict[str, Any]:
    """Return the content of the clusters' file; each upstream comes with its cluster's name."""
    return {"version_info": version, "resources": [_cluster(name, upstream) for name, upstream in upstreams]}


def routes(version: str, upstreams: Sequence[tuple[str, Upstream]], limits: Limits) -> dict[str, Any]:
    """Return the content of the routes' file.

    A request that carries ``PROBE_HEADER`` with this version is answered by the worker itself: so whoever asks
    knows from outside that these routes serve.
    """
    probe = _probe(version) | {"typed_per_filter_config": unlimited()}
    closed = ["/metrics", *(pattern for _, upstream in upstreams for pattern in upstream.internal)]
    opened = [(prefix, name) for name, upstream in upstreams for prefix in upstream.prefixes]
    opened.sort(key=lambda pair: len(pair[0]), reverse=True)
    found = [probe, _UNPRINTABLE, *map(_closed, closed), *(_opened(*pair) for pair in opened), _NOWHERE]
    return _routes(version, ROUTES, {"routes": found, "typed_per_filter_config": limits_of_routes(limits)})


def door_name(name: str) -> str:
    """Return what the listener and the routes of a service's door are called."""
    return f"door.{name}"


def door_file(name: str) -> str:
    """Return the file of a door's routes: Envoy takes one set of routes from a file."""
    return f"door-{name}.json"


def door_routes(version: str, name: str, upstreams: Sequence[tuple[str, Upstream]]) -> dict[str, Any]:
    """Return the content of a door's file: every path leads to the upstream of its name, but for ``/metrics``.

    Nothing is sent twice, not even what certainly was never sent: who calls has a retry of its own, with a deadline and
    a backoff, and two that do not know of each other multiply.
    """
    leads_to = [cluster for cluster, upstream in upstreams if upstream.name == name]
    everywhere = [
        {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": ANSWER_TIMEOUT}} for cluster in leads_to
    ]
    found = [_probe(version), _UNPRINTABLE, _closed("/metrics"), *everywhere, _NOWHERE]
    return _routes(version, door_name(name), {"routes": found})


def _routes(version: str, name: str, host: Mapping[str, Any]) -> dict[str, Any]:
    configuration = {
        "@type": f"{_TYPES}.config.route.v3.RouteConfiguration",
        "name": name,
        "virtual_hosts": [{"name": name, "domains": ["*"], **host}],
    }
    return {"version_info": version, "resources": [configuration]}


def _probe(version: str) -> dict[str, Any]:
    named = {"name": PROBE_HEADER, "string_match": {"exact": version}}
    return {"match": {"prefix": "/", "headers": [named]}, "direct_response": {"status": 200}}


def internal_pattern(pattern: str) -> str:
    """Return the regular expression of a path pattern and of everything below it."""
    segments = ["[^/]+" if segment == "*" else re.escape(segment) for segment in pattern.rstrip("/").split("/")]
    return "/".join(segments) + "(/.*)?"


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _watched(path: Path) -> dict[str, Any]:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def _cluster(name: str, upstream: Upstream) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _address(*split_address(address))}} for address in upstream.endpoints]
    many = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), _MANY)
    return {
        "@type": f"{_TYPES}.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        # As an ALB: with no healthy target left it tries them all.
        "common_lb_config": {"healthy_panic_threshold": {"value": 1}},
        "circuit_breakers": {"thresholds": [many]},
        "health_checks": [
            {
                "timeout": "2s",
                "interval": "1s",
                "no_traffic_interval": "1s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": {"path": "/readyz"},
            }
        ],
        "typed_extension_protocol_options": {
            f"{_TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions".removeprefix("type.googleapis.com/"): {
                "@type": f"{_TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions",
                # Shorter than any server's own: a request never meets a connection that is just being closed.
                "common_http_protocol_options": {"idle_timeout": "3s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }


def _closed(pattern: str) -> dict[str, Any]:
    return {"match": {"safe_regex": {"regex": internal_pattern(pattern)}}, "direct_response": {"status": 404}}


def _opened(prefix: str, cluster: str) -> dict[str, Any]:
    match = {"prefix": "/"} if prefix == "/" else {"path_separated_prefix": prefix.rstrip("/")}
    retry = {
        # Only what was never sent is sent again; a request that was may have had its effect.
        "retry_on": "connect-failure",
        "num_retries": 2,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
                },
            }
        ],
        # Each of these draws anew, and may draw the replica that was tried already: of two, one in two. So few draws
        # that both retries may go to a dead replica would answer 503 although another one is there.
        "host_selection_retry_max_attempts": 20,
    }
    return {"match": match, "route": {"cluster": cluster, "timeout": ANSWER_TIMEOUT, "retry_policy": retry}}
