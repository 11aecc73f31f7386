"""A proxy on another host that ends TLS before the staff's pages: Envoy, which speaks to them from 127.0.0.2."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trivet_platform.binaries import envoy_server
from trivet_platform.program import Program
from trivet_platform.sockets import free_port, split_address

PROXY = "127.0.0.2"
_TYPES = "type.googleapis.com/envoy"


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Return a certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    certificate_file, key_file = directory / "certificate.pem", directory / "key.pem"
    certificate_file.write_bytes(made.public_bytes(encoding))
    key_file.write_bytes(key.private_bytes(encoding, private, serialization.NoEncryption()))
    return certificate_file, key_file


class TlsProxy:
    """Serves the pages over HTTPS, and over HTTP to those who forget it."""

    def __init__(self, name: str, upstream: str, directory: Path) -> None:
        self.certificate, key = make_certificate(directory)
        self.https, self.http = free_port(), free_port()
        tls = {
            "@type": f"{_TYPES}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "tls_certificates": [
                    {"certificate_chain": {"filename": str(self.certificate)}, "private_key": {"filename": str(key)}}
                ]
            },
        }
        socket = {"transport_socket": {"name": "tls", "typed_config": tls}}
        listeners = [_listener("https", self.https, socket), _listener("http", self.http, {})]
        configuration = {"static_resources": {"listeners": listeners, "clusters": [_cluster(upstream)]}}
        written = directory / "envoy.json"
        written.write_text(json.dumps(configuration))
        listen = f"127.0.0.1:{self.http}"
        words = ["-c", str(written), "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
        self.program = Program(name, [str(envoy_server()), *words], {}, listen, f"http://{listen}/livez")


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _listener(name: str, port: int, more: dict[str, Any]) -> dict[str, Any]:
    """Return a listener that tells upstream who asked and over what, whatever he says of it himself."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "pages"}}
    manager = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "use_remote_address": True,
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"}}
        ],
        "route_config": {"virtual_hosts": [{"name": "pages", "domains": ["*"], "routes": [route]}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}], **more}
    return {"name": name, "address": _address("127.0.0.1", port), "filter_chains": [chain]}


def _cluster(upstream: str) -> dict[str, Any]:
    endpoint = {"lb_endpoints": [{"endpoint": {"address": _address(*split_address(upstream))}}]}
    return {
        "name": "pages",
        "type": "STATIC",
        "connect_timeout": "5s",
        "upstream_bind_config": {"source_address": {"address": PROXY, "port_value": 0}},
        "load_assignment": {"cluster_name": "pages", "endpoints": [endpoint]},
    }
