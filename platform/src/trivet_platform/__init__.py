"""Real servers on one machine, without Docker: parts, their supervisor, and the sweep of what was left."""

from trivet_platform.binaries import MissingBinary, server_versions
from trivet_platform.envoy import Envoy, RouteFailed
from trivet_platform.envoy_config import Upstream
from trivet_platform.errors import PartDied, PlatformClosed, PlatformError, StartFailed
from trivet_platform.link import Link, LinkFailed
from trivet_platform.part import Part, Site
from trivet_platform.postgres import Postgres
from trivet_platform.program import Program
from trivet_platform.sockets import free_port
from trivet_platform.supervisor import Supervisor
from trivet_platform.sweep import alive, sweep
from trivet_platform.valkey import Valkey

__all__ = [
    "Envoy",
    "Link",
    "LinkFailed",
    "MissingBinary",
    "Part",
    "PartDied",
    "PlatformClosed",
    "PlatformError",
    "Postgres",
    "Program",
    "RouteFailed",
    "Site",
    "StartFailed",
    "Supervisor",
    "Upstream",
    "Valkey",
    "alive",
    "free_port",
    "server_versions",
    "sweep",
]
