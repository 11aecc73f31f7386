"""What an edge listens with: TLS if it has a certificate, HTTP with bounds, and the filters before the router.

A door is a second listener, for services that call each other: the same HTTP, without what keeps strangers at bay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivet_platform.certificate import Certificate
from trivet_platform.envoy_limits import Bounds, TokenIssuer, limit_filters
from trivet_platform.envoy_problems import local_replies, trace_filter
from trivet_platform.envoy_types import HTTP_FILTERS, typed

ROUTES = "edge"
ANSWER_TIMEOUT = "15s"
KEY_VARIABLE = "TRIVET_EDGE_TLS_KEY"
_IDLE_STREAM = "30s"
_BUFFER_BYTES = 32 * 1024
_STREAM_BYTES = 64 * 1024
_CONNECTION_BYTES = 1024 * 1024
_STREAMS_MAX = 100


def listener(
    routes: dict[str, Any],
    address: dict[str, Any],
    bounds: Bounds,
    issuer: TokenIssuer | None,
    certificate: Certificate | None,
) -> dict[str, Any]:
    """Return the listener for clients, whose routes come from ``routes``, a source of configuration.

    Bounds are those of *Configuring Envoy as an edge proxy* (Envoy's manual).
    """
    served = _manager(ROUTES, routes, bounds, limit_filters(bounds, issuer))
    chain: dict[str, Any] = {"filters": [{"name": "http", "typed_config": served}]}
    if certificate is not None:
        chain["transport_socket"] = {"name": "tls", "typed_config": _tls(certificate)}
        chain["transport_socket_connect_timeout"] = f"{bounds.request_deadline_s}s"
    return _listener(ROUTES, address, chain)


def door_listener(name: str, routes: dict[str, Any], address: dict[str, Any], bounds: Bounds) -> dict[str, Any]:
    """Return the listener of a door, for the services that call one other.

    Nobody's rate is counted, and no body is collected before it goes on: a batch is as large as its service takes it.
    """
    served = _manager(name, routes, bounds, [])
    return _listener(name, address, {"filters": [{"name": "http", "typed_config": served}]})


def _listener(name: str, address: dict[str, Any], chain: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "address": address,
        # With SO_REUSEPORT a second Envoy would share the port and take half of the traffic, unnoticed.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "filter_chains": [chain],
    }


def _manager(name: str, routes: dict[str, Any], bounds: Bounds, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    router = typed(f"{HTTP_FILTERS}.router.v3.Router", suppress_envoy_headers=True)
    deadline = f"{bounds.request_deadline_s}s"
    return typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        rds={"route_config_name": name, "config_source": routes},
        http_filters=[trace_filter(), *filters, {"name": "router", "typed_config": router}],
        local_reply_config=local_replies(),
        server_header_transformation="PASS_THROUGH",
        use_remote_address=True,
        # A path that a service would read differently must not slip past the patterns of what is internal.
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        request_headers_timeout=deadline,
        request_timeout=deadline,
        stream_idle_timeout=_IDLE_STREAM,
        max_request_headers_kb=bounds.head_kib_max,
        common_http_protocol_options={
            "idle_timeout": f"{bounds.idle_connection_s}s",
            "max_headers_count": bounds.head_fields_max,
            # A service behind may take x_a and x-a for one header.
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        http2_protocol_options={
            "max_concurrent_streams": _STREAMS_MAX,
            "initial_stream_window_size": _STREAM_BYTES,
            "initial_connection_window_size": _CONNECTION_BYTES,
        },
    )


def _tls(certificate: Certificate) -> dict[str, Any]:
    """Return the socket that ends TLS. The key comes by the environment: no file that outlives the run has it."""
    pair = {
        "certificate_chain": {"inline_string": certificate.chain_pem},
        "private_key": {"environment_variable": KEY_VARIABLE},
    }
    common = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "tls_certificates": [pair],
        "alpn_protocols": ["h2", "http/1.1"],
    }
    return typed("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", common_tls_context=common)
