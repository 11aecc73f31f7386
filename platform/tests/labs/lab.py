"""A small lab: python lab.py DIRECTORY KIND…  Starts parts, prints a line of JSON when all are ready, then waits.

KINDS: postgres, valkey, envoy, family, service, stubborn (a service that ends when DIRECTORY/end is there), never
(a program that never gets ready), forked (a command whose fork server is another part), paused (a Valkey stopped by
SIGSTOP), small (a PostgreSQL on a small disk).
"""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from installing import install_told

from trivet_platform import Conditions, Envoy, ForkServer, Part, Postgres, Program, Supervisor, Valkey, free_port

here = Path(__file__).parent
directory, kinds = Path(sys.argv[1]), sys.argv[2:]


def service(name: str, *words: str) -> Program:
    port = free_port()
    argv = [sys.executable, str(here / "service.py"), name, str(port), *words]
    return Program(name, argv, {}, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}/readyz")


def small() -> Postgres:
    part = Postgres("small")
    part.conditions = Conditions(disk_bytes=256 << 20)
    return part


def forked() -> Program:
    """Make a command, and start what forks it: that is no part of ``parts``, so its end is not asked for by name."""
    script = install_told(directory / "site")
    own = {"PYTHONPATH": str(script.parent)}
    server = ForkServer("told-forks", "told", environment=own)
    platform.start(server)
    return Program("told", [str(script), "wait"], own, starter=server)


MAKE: dict[str, Callable[[], Part]] = {
    "postgres": Postgres,
    "valkey": Valkey,
    "paused": lambda: Valkey("paused"),
    "envoy": Envoy,
    "small": small,
    "family": lambda: Program("family", [sys.executable, str(here / "family.py")], {}),
    "service": lambda: service("service"),
    "stubborn": lambda: service("stubborn", f"end={directory / 'end'}"),
    "forked": forked,
    "never": lambda: Program("never", ["sleep", "1000"], {}, f"127.0.0.1:{free_port()}"),
}

with Supervisor(directory) as platform:
    parts = {kind: MAKE[kind]() for kind in kinds}
    platform.start(*parts.values())
    family = directory / "log" / "family.log"
    while "family" in parts and not family.read_text().endswith("\n"):
        threading.Event().wait(0.01)
    if "paused" in parts:
        parts["paused"].pause()
    pids = [pid for one in parts.values() for pid in one.pids]
    if "family" in parts:
        # What the platform itself finds is not asked alone: it could find too few.
        pids += json.loads(family.read_text()).values()
    sys.stdout.write(json.dumps({"pids": pids}) + "\n")
    sys.stdout.flush()
    threading.Event().wait()
