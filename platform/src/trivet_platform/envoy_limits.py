"""How much the edge takes of one client: requests a second of a subject and of an address, bytes, and time.

A client is known by its address before anything of its request is read, and by its subject once the edge has verified
its access token. The limit of addresses stands first, so that a flood of forged tokens costs no signature's check.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from trivet_platform.envoy_types import HTTP_FILTERS, typed

KNOWN_MAX = 10_000
"""How many subjects, and how many addresses, are counted at once. The one that was longest away is forgotten, and
begins anew with a full bucket."""
ISSUER_CLUSTER = "issuer"
_ADDRESSES, _TOKENS, _SUBJECTS, _BODIES = "addresses", "tokens", "subjects", "bodies"
_NO_LIMIT = 4_000_000_000
_JWT_NAMESPACE = "envoy.filters.http.jwt_authn"
_CLAIMS = "claims"
_NOBODY = "nobody whom the edge knows"
_TOKEN_BYTES_MAX = 8192
_VERIFIED_MAX = 10_000


@dataclasses.dataclass(frozen=True)
class Rate:
    """A token bucket: ``burst`` requests at once, refilled with ``per_s`` a second."""

    per_s: int
    burst: int

    def __post_init__(self) -> None:
        if self.per_s < 1 or self.burst < 1:
            raise ValueError(f"a rate is at least 1/s with a burst of at least 1, not {self}")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one client may ask of the edge; None is no limit.

    ``subject`` is who an access token speaks of. All of one address whose token the edge cannot verify, or who have
    none, are one subject: a token that the edge does not understand and a service does is no way around the limit.
    ``address`` is an IPv4 address, or the /64 of an IPv6 address, which is what one household gets.
    """

    subject: Rate | None = None
    address: Rate | None = None


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What an edge takes of anybody, fixed when it starts.

    A request's head and all of it have to arrive within ``request_deadline_s``. Nothing of it goes to a service
    before: a slow client holds a connection of the edge, and none of a service. A connection on which nobody asks
    anything is closed after ``idle_connection_s``.
    """

    body_bytes_max: int = 64 * 1024
    head_kib_max: int = 32
    head_fields_max: int = 100
    request_deadline_s: int = 10
    idle_connection_s: int = 60
    connections_max: int = 10_000
    heap_bytes_max: int = 1024**3


@dataclasses.dataclass(frozen=True)
class TokenIssuer:
    """Whose access tokens the edge knows subjects by: its name in ``iss``, and where it publishes its keys."""

    name: str
    jwks_url: str


def limit_filters(bounds: Bounds, issuer: TokenIssuer | None) -> list[dict[str, Any]]:
    """Return the filters that stand before the router, in their order; without an issuer nobody's subject is known."""
    known = [] if issuer is None else [_tokens(issuer), _rate(_SUBJECTS)]
    body = typed(f"{HTTP_FILTERS}.buffer.v3.Buffer", max_request_bytes=bounds.body_bytes_max)
    return [_rate(_ADDRESSES), *known, {"name": _BODIES, "typed_config": body}]


def limits_of_routes(limits: Limits) -> dict[str, Any]:
    """Return the rates as a virtual host carries them (``typed_per_filter_config``), so that routes replace them."""
    found: dict[str, Any] = {}
    address = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
    of_address = {"key": "masked_remote_address"}
    if limits.address is not None:
        found[_ADDRESSES] = _buckets(_ADDRESSES, limits.address, [[address]], [[of_address]])
    if limits.subject is not None:
        path = [{"key": _CLAIMS}, {"key": "sub"}]
        claim = {"descriptor_key": "subject", "metadata_key": {"key": _JWT_NAMESPACE, "path": path}}
        known = {"metadata": {**claim, "source": "DYNAMIC", "skip_if_absent": True}}
        anybody = {"metadata": {**claim, "source": "DYNAMIC", "descriptor_key": "known", "default_value": _NOBODY}}
        nobody = {"key": "known", "value": _NOBODY}
        found[_SUBJECTS] = _buckets(
            _SUBJECTS, limits.subject, [[known], [anybody, address]], [[{"key": "subject"}], [nobody, of_address]]
        )
    return found


def unlimited() -> dict[str, Any]:
    """Return what exempts a route: whoever asks whether an edge is ready uses up nobody's rate."""
    return {name: typed("envoy.config.route.v3.FilterConfig", disabled=True) for name in (_ADDRESSES, _SUBJECTS)}


def issuer_cluster(issuer: TokenIssuer) -> dict[str, Any]:
    """Return the cluster by which the edge asks an issuer for its keys."""
    parts = urlsplit(issuer.jwks_url)
    address = {"socket_address": {"address": parts.hostname, "port_value": parts.port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {
        "name": ISSUER_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": ISSUER_CLUSTER, "endpoints": endpoints},
    }


def overload(bounds: Bounds) -> dict[str, Any]:
    """Return what Envoy does before it runs out of connections or memory (*Overload manager*, Envoy's manual)."""
    monitors = "envoy.extensions.resource_monitors"
    connections = typed(
        f"{monitors}.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=bounds.connections_max,
    )
    heap = typed(f"{monitors}.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=bounds.heap_bytes_max)

    def action(name: str, share: float) -> dict[str, Any]:
        trigger = {"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": share}}
        return {"name": f"envoy.overload_actions.{name}", "triggers": [trigger]}

    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": connections},
            {"name": "envoy.resource_monitors.fixed_heap", "typed_config": heap},
        ],
        "actions": [action("shrink_heap", 0.9), action("stop_accepting_requests", 0.95)],
    }


def _tokens(issuer: TokenIssuer) -> dict[str, Any]:
    """Return the filter that learns a request's subject. It refuses nobody: that is the services' to do, and to word.

    Keys are asked for in the background, and those that are known stay while the issuer is away. A token that comes
    in two places, or by a query, is nobody's here.
    """
    provider = {
        "issuer": issuer.name,
        "remote_jwks": {
            "http_uri": {"uri": issuer.jwks_url, "cluster": ISSUER_CLUSTER, "timeout": "5s"},
            "cache_duration": "10s",
            "async_fetch": {},  # the listener waits for the first answer, or for none
        },
        # Whatever comes before the first space: the scheme's letters may be small or capital (RFC 9110 §11.1), and who
        # wrote them in a way that the edge does not know would be nobody to it, and somebody to a service.
        "from_headers": [{"name": "authorization", "value_prefix": " "}],
        "forward": True,
        "payload_in_metadata": _CLAIMS,
        "jwt_cache_config": {"jwt_cache_size": _VERIFIED_MAX, "jwt_max_token_size": _TOKEN_BYTES_MAX},
    }
    allowed = {"requires_any": {"requirements": [{"provider_name": "issuer"}, {"allow_missing_or_failed": {}}]}}
    config = typed(
        f"{HTTP_FILTERS}.jwt_authn.v3.JwtAuthentication",
        providers={"issuer": provider},
        rules=[{"match": {"prefix": "/"}, "requires": allowed}],
    )
    return {"name": _TOKENS, "typed_config": config}


def _rate(name: str) -> dict[str, Any]:
    config = typed(f"{HTTP_FILTERS}.local_ratelimit.v3.LocalRateLimit", stat_prefix=name)
    return {"name": name, "typed_config": config}


def _buckets(
    name: str, rate: Rate, asked: Sequence[Sequence[dict[str, Any]]], counted: Sequence[Sequence[dict[str, Any]]]
) -> dict[str, Any]:
    """Return a bucket for each value of what is counted; ``asked`` is how it is read from a request.

    A request that has nothing of the kind is not limited by it.
    """
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return typed(
        f"{HTTP_FILTERS}.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=name,
        filter_enabled={"runtime_key": f"trivet.{name}.enabled", **always},
        filter_enforced={"runtime_key": f"trivet.{name}.enforced", **always},
        token_bucket=_bucket(Rate(_NO_LIMIT, _NO_LIMIT)),
        always_consume_default_token_bucket=False,
        rate_limits=[{"actions": actions} for actions in asked],
        descriptors=[{"entries": entries, "token_bucket": _bucket(rate)} for entries in counted],
        max_dynamic_descriptors=KNOWN_MAX,
    )


def _bucket(rate: Rate) -> dict[str, Any]:
    return {"max_tokens": rate.burst, "tokens_per_fill": rate.per_s, "fill_interval": "1s"}
