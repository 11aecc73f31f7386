"""The load balancer: Envoy, whose routes can be replaced while it serves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trivet_platform.binaries import envoy_server
from trivet_platform.certificate import Certificate
from trivet_platform.envoy_config import (
    CLUSTERS_FILE,
    PROBE_HEADER,
    ROUTES_FILE,
    Edge,
    Upstream,
    bootstrap,
    clusters,
    door_file,
    door_routes,
    routes,
)
from trivet_platform.envoy_limits import Bounds, Limits, TokenIssuer
from trivet_platform.envoy_listener import KEY_VARIABLE
from trivet_platform.errors import PlatformError
from trivet_platform.issuer import Issuer
from trivet_platform.part import Site
from trivet_platform.probe import NoAnswer, get, http_blocker
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart
from trivet_platform.sockets import free_port

AUTHORITY_FILE = "authority.pem"
_EFFECT_PATIENCE_S = 20
_POLL_S = 0.02


class RouteFailed(PlatformError):
    """Envoy did not take new routes in time; the sentence says what was still missing."""


class Envoy(ServerPart):
    """Envoy on loopback, on ``port`` if that is free and else on a free one: read ``url``.

    It routes nothing until ``route`` is called. What it says itself is problem+json (``envoy_problems.py``). It
    repeats a request only if that was never sent, waits 15 s for an answer, and checks ``/readyz`` every second.

    Each of ``doors`` is a further listener, on a port of its own, by which services call the upstream of that name:
    every path leads there but ``/metrics``, nobody is limited, and nothing is repeated.

    It knows people by the tokens of ``issuer``, whose keys it asks for as a service does; without one it can limit
    addresses alone. With a certificate it speaks TLS and nothing else.
    """

    def __init__(
        self,
        name: str = "envoy",
        port: int | None = None,
        *,
        issuer: Issuer | None = None,
        certificate: Certificate | None = None,
        bounds: Bounds | None = None,
        doors: Sequence[str] = (),
    ) -> None:
        super().__init__(name, port)
        self._issuer = issuer
        self._certificate = certificate
        self._trust = None if certificate is None else certificate.client_context()
        self._bounds = bounds or Bounds()
        self._limits = Limits()
        self._doors = dict.fromkeys(doors, 0)
        self._version = 0
        self._routed: list[tuple[str, Upstream]] = []

    @property
    def url(self) -> str:
        """Where clients reach the services."""
        return f"{'http' if self._certificate is None else 'https'}://{HOST}:{self.port}"

    @property
    def authority_file(self) -> Path | None:
        """Where clients find the authority that they know the edge's certificate by; None before TLS is served."""
        if self._certificate is None or self._process is None:
            return None
        return self._directory / AUTHORITY_FILE

    @property
    def endpoints(self) -> dict[str, str]:
        """The edge's URL, the authority's file if it speaks TLS, and the admin endpoint once it is known."""
        found = {"url": self.url, "authority_file": str(self.authority_file or ""), "admin": self._admin() or ""}
        doors = {f"door_{name}": self.door_url(name) for name, port in self._doors.items() if port}
        return {name: value for name, value in found.items() if value} | doors

    def door_url(self, name: str) -> str:
        """Return where services call the upstream of this name, once it was started; ``KeyError`` for no door."""
        return f"http://{HOST}:{self._doors[name]}"

    def spawn(self, site: Site) -> Process:
        """Spawn it on ``self.port`` with the routes of the last time.

        Race: somebody may have taken a port since it was chosen, a door's as well as its own, and it then ends. Which
        one it was it does not say, so all are chosen anew; where it was started before, its doors stay where they are.
        """
        if self._tries or not all(self._doors.values()):
            self._doors = {name: free_port(HOST) for name in self._doors}
        self._directory = site.directory
        self._admin_file.unlink(missing_ok=True)
        self._put(CLUSTERS_FILE, clusters(self._label, self._routed))
        self._put_routes(self._routed)
        known = None if self._issuer is None else TokenIssuer(self._issuer.url, self._issuer.jwks_url)
        edge = Edge(HOST, self.port, self._bounds, known, self._certificate, self._doors)
        self._put("bootstrap.json", bootstrap(site.directory, edge))
        secret = {}
        if self._certificate is not None:
            (site.directory / AUTHORITY_FILE).write_text(self._certificate.authority_pem)
            secret[KEY_VARIABLE] = self._certificate.key_pem
        words = ["-c", "bootstrap.json", "--admin-address-path", str(self._admin_file)]
        words += ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
        return site.spawn([envoy_server(), *words], secret)

    def probe(self) -> str | None:
        """Return None when Envoy calls itself ready and a worker answers with the newest routes."""
        admin = self._admin()
        if admin is None:
            return "no admin endpoint yet"
        return http_blocker(f"{admin}/ready") or self._routes_blocker()

    def route(self, upstreams: Sequence[Upstream], limits: Limits = Limits()) -> None:  # noqa: B008  - it is frozen
        """Route to these upstreams and no others; return when that is in effect and every endpoint's health is known.

        With new routes come new limits, and every client begins with a full bucket.

        New clusters are made and health-checked before the routes name them, and old ones are removed after: no
        request meets a route without a cluster. An endpoint that is down is known to be so and gets nothing.

        Raises:
            RouteFailed: Envoy does not run, or refused, or a health check did not end.
            ValueError: Subjects are to be limited, and it knows no issuer.
        """
        if limits.subject is not None and self._issuer is None:
            raise ValueError(f"{self.name} knows no issuer, so it cannot limit subjects")
        if self._process is None:
            raise RouteFailed(f"{self.name} is not started")
        self._version += 1
        new = [(f"{upstream.name}.{self._version}", upstream) for upstream in upstreams]
        self._put(CLUSTERS_FILE, clusters(f"{self._label}+", [*self._routed, *new]))
        self._await(lambda: self._clusters_blocker([name for name, _ in new]))
        self._limits = limits
        self._put_routes(new)
        self._await(self._routes_blocker)
        self._put(CLUSTERS_FILE, clusters(self._label, new))
        self._routed = new

    @property
    def _label(self) -> str:
        return f"{self.name}.{self._version}"

    @property
    def _admin_file(self) -> Path:
        return self._directory / "admin"

    def _admin(self) -> str | None:
        if self._process is None:
            return None
        try:
            address = self._admin_file.read_text().strip()
        except FileNotFoundError:
            return None
        return f"http://{address}" if address else None

    def _put(self, name: str, content: Mapping[str, Any]) -> None:
        """Replace a file at once: Envoy watches for renames."""
        new = self._directory / f"{name}.new"
        new.write_text(json.dumps(content, indent=2))
        new.replace(self._directory / name)

    def _put_routes(self, upstreams: Sequence[tuple[str, Upstream]]) -> None:
        self._put(ROUTES_FILE, routes(self._label, upstreams, self._limits))
        for name in self._doors:
            self._put(door_file(name), door_routes(self._label, name, upstreams))

    def _await(self, blocker: Callable[[], str | None]) -> None:
        deadline = time.monotonic() + _EFFECT_PATIENCE_S
        while (sentence := blocker()) is not None:
            ended = self._process.exit_status() if self._process else "not started"
            if ended is not None or time.monotonic() > deadline:
                tail = "".join(f"\n  | {line}" for line in (self._process.tail() if self._process else []))
                raise RouteFailed(f"{self.name} took no new routes: {ended or sentence}{tail}")
            time.sleep(_POLL_S)

    def _clusters_blocker(self, names: Sequence[str]) -> str | None:
        try:
            status, body = get(f"{self._admin()}/clusters?format=json")
        except NoAnswer as error:
            return f"the admin endpoint does not answer: {error}"
        if status != 200:
            return f"the admin endpoint answers {status}"
        known = {cluster["name"]: cluster for cluster in json.loads(body).get("cluster_statuses", [])}
        for name in names:
            if name not in known:
                return f"{name} is not checked yet"
            for host in known[name].get("host_statuses", []):
                if host.get("health_status", {}).get("pending_active_hc"):
                    address = host["address"]["socket_address"]
                    return f"{name}: {address['address']}:{address['port_value']} is not checked yet"
        return None

    def _routes_blocker(self) -> str | None:
        listeners = {self.url: self._trust} | {self.door_url(name): None for name in self._doors}
        for url, trust in listeners.items():
            try:
                status, _ = get(url, {PROBE_HEADER: self._label}, trust)
            except NoAnswer as error:
                return f"the listener at {url} does not answer: {error}"
            if status != 200:
                return f"the new routes do not serve yet at {url}"
        return None
