"""Envoy's configuration as data: what is fixed at its start, and what ``route`` replaces while it runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trivet_platform.envoy_problems import local_replies, trace_filter
from trivet_platform.sockets import split_address

CLUSTERS_FILE = "clusters.json"
ROUTES_FILE = "routes.json"
PROBE_HEADER = "x-trivet-route"
_TYPES = "type.googleapis.com/envoy"
_ROUTES = "edge"
_ANSWER_TIMEOUT = "15s"
_MANY = 16_384


@dataclasses.dataclass(frozen=True)
class Upstream:
    """A service as the load balancer sees it.

    ``endpoints`` are its replicas, ``host:port`` each. ``prefixes`` are the paths routed to it, whole segments.
    ``internal`` are path patterns below them that are answered with 404, with what lies below; ``*`` is one segment.
    """

    name: str
    endpoints: Sequence[str]
    prefixes: Sequence[str]
    internal: Sequence[str] = ()


def bootstrap(directory: Path, host: str, port: int) -> dict[str, Any]:
    """Return what Envoy is started with: its listener, its admin endpoint, and the files that it watches."""
    return {
        "node": {"id": "edge", "cluster": "trivet"},
        # The kernel chooses the admin port; Envoy writes it down. No other process can take it in between.
        "admin": {"address": _address(host, 0)},
        "dynamic_resources": {"cds_config": _watched(directory / CLUSTERS_FILE)},
        "static_resources": {"listeners": [_listener(directory, host, port)]},
    }


def clusters(version: str, upstreams: Sequence[tuple[str, Upstream]]) -> dict[str, Any]:
    """Return the content of the clusters' file; each upstream comes with its cluster's name."""
    return {"version_info": version, "resources": [_cluster(name, upstream) for name, upstream in upstreams]}


def routes(version: str, upstreams: Sequence[tuple[str, Upstream]]) -> dict[str, Any]:
    """Return the content of the routes' file.

    A request that carries ``PROBE_HEADER`` with this version is answered by the worker itself: so whoever asks
    knows from outside that these routes serve.
    """
    probe = {
        "match": {
            "prefix": "/",
            "headers": [{"name": PROBE_HEADER, "string_match": {"exact": version}}],
        },
        "direct_response": {"status": 200},
    }
    closed = ["/metrics", *(pattern for _, upstream in upstreams for pattern in upstream.internal)]
    opened = [(prefix, name) for name, upstream in upstreams for prefix in upstream.prefixes]
    opened.sort(key=lambda pair: len(pair[0]), reverse=True)
    host = {
        "name": _ROUTES,
        "domains": ["*"],
        "routes": [probe, *(_closed(pattern) for pattern in closed), *(_opened(*pair) for pair in opened)],
    }
    configuration = {
        "@type": f"{_TYPES}.config.route.v3.RouteConfiguration",
        "name": _ROUTES,
        "virtual_hosts": [host],
    }
    return {"version_info": version, "resources": [configuration]}


def internal_pattern(pattern: str) -> str:
    """Return the regular expression of a path pattern and of everything below it."""
    segments = ["[^/]+" if segment == "*" else re.escape(segment) for segment in pattern.rstrip("/").split("/")]
    return "/".join(segments) + "(/.*)?"


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _watched(path: Path) -> dict[str, Any]:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def _listener(directory: Path, host: str, port: int) -> dict[str, Any]:
    manager = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "rds": {"route_config_name": _ROUTES, "config_source": _watched(directory / ROUTES_FILE)},
        "http_filters": [
            trace_filter(),
            {
                "name": "router",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            },
        ],
        "local_reply_config": local_replies(),
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": True,
        # A path that a service would read differently must not slip past the patterns of what is internal.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "request_headers_timeout": _ANSWER_TIMEOUT,
    }
    network = {"name": "http", "typed_config": manager}
    return {
        "name": "edge",
        "address": _address(host, port),
        # With SO_REUSEPORT a second Envoy would share the port and take half of the traffic, unnoticed.
        "enable_reuse_port": False,
        "filter_chains": [{"filters": [network]}],
    }


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
        "host_selection_retry_max_attempts": 3,
    }
    return {"match": match, "route": {"cluster": cluster, "timeout": _ANSWER_TIMEOUT, "retry_policy": retry}}
