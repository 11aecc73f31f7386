"""Real servers on one machine, without Docker: parts, their supervisor, and the sweep of what was left."""

from trivet_platform.binaries import MissingBinary, server_versions
from trivet_platform.bounded_disk import BoundedDisk, NoBoundedDisk, bounded_disk_blocker
from trivet_platform.certificate import Certificate, make_certificate
from trivet_platform.clock import NoOwnClock, OwnClock, find_libfaketime
from trivet_platform.conditions import Conditions
from trivet_platform.environment import base_environment
from trivet_platform.envoy import Envoy, RouteFailed
from trivet_platform.envoy_config import Upstream
from trivet_platform.envoy_limits import Bounds, Limits, Rate
from trivet_platform.errors import PartDied, PlatformClosed, PlatformError, StartFailed
from trivet_platform.fork_server import ForkRefused, ForkServer
from trivet_platform.issuer import Issuer, IssuerFailed, ask_issuer
from trivet_platform.kafka import Kafka, KafkaFailed
from trivet_platform.kafka_cache import Shelf
from trivet_platform.link import Link, LinkFailed
from trivet_platform.part import Part, Site
from trivet_platform.pgbench import PgbenchFailed, PgbenchRun, run_pgbench
from trivet_platform.postgres import Postgres
from trivet_platform.process import end_child
from trivet_platform.program import Program
from trivet_platform.sockets import free_port
from trivet_platform.starter import Child, Starter, execute
from trivet_platform.supervisor import Supervisor
from trivet_platform.sweep import alive, sweep
from trivet_platform.valkey import Valkey

__all__ = [
    "BoundedDisk",
    "Bounds",
    "Certificate",
    "Child",
    "Conditions",
    "Envoy",
    "ForkRefused",
    "ForkServer",
    "Issuer",
    "IssuerFailed",
    "Kafka",
    "KafkaFailed",
    "Limits",
    "Link",
    "LinkFailed",
    "MissingBinary",
    "NoBoundedDisk",
    "NoOwnClock",
    "OwnClock",
    "Part",
    "PartDied",
    "PgbenchFailed",
    "PgbenchRun",
    "PlatformClosed",
    "PlatformError",
    "Postgres",
    "Program",
    "Rate",
    "RouteFailed",
    "Shelf",
    "Site",
    "StartFailed",
    "Starter",
    "Supervisor",
    "Upstream",
    "Valkey",
    "alive",
    "ask_issuer",
    "base_environment",
    "bounded_disk_blocker",
    "end_child",
    "execute",
    "find_libfaketime",
    "free_port",
    "make_certificate",
    "run_pgbench",
    "server_versions",
    "sweep",
]
