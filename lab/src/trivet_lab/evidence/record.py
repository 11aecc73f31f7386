"""``run.json``: written first, it says what this run is, on what machine, and what of it is simulated."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil

from trivet_lab.evidence.faults import PlannedFault
from trivet_lab.evidence.results import Verdict


class DamagedRecord(Exception):
    """A ``run.json`` that is none; the sentence says where and why."""


class Machine(msgspec.Struct, frozen=True):
    """Where it ran."""

    cpus: int
    memory_bytes: int
    platform: str
    python: str


class PlannedVariant(msgspec.Struct, frozen=True):
    """What was expected of a variant, so that a check needs the run's directory alone.

    ``checkers`` are its own, beside those of the whole run. ``mutant`` names the defect that it was started with.
    """

    name: str
    expected: Verdict
    breaks: list[str]
    checkers: list[str] = []
    mutant: str = ""


class RunRecord(msgspec.Struct, frozen=True):
    """Everything that is known before the first process starts."""

    run: str
    scenario: str
    claim: str
    seed: int
    argv: list[str]
    command: str
    started: str
    commit: str
    machine: Machine
    versions: dict[str, str]
    real: list[str]
    simulated: list[str]
    parameters: dict[str, Any]
    variants: list[PlannedVariant]
    checkers: list[str]
    faults: list[PlannedFault] = []
    schema: int = 1


def commit_of(root: Path) -> str:
    """Return the checkout's commit, with ``+`` behind it when files differ from it, or ``unknown`` outside git."""
    described = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],  # noqa: S607  - git is wherever PATH has it
        text=True,
        capture_output=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def machine() -> Machine:
    """Return what this machine is; ``cpus`` are those that this process may use."""
    return Machine(
        cpus=len(os.sched_getaffinity(0)),
        memory_bytes=psutil.virtual_memory().total,
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
    )


def command_line(words: Sequence[str]) -> str:
    """Return a command that runs the same again, as it is typed at the checkout's root."""
    return shlex.join(["./trivet", *words])


def now_utc() -> str:
    """Return the present second, aware UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def write_record(path: Path, record: RunRecord) -> None:
    """Write ``run.json``."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_record(path: Path) -> RunRecord:
    """Read ``run.json``; raises ``FileNotFoundError`` or ``DamagedRecord``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except msgspec.DecodeError as error:
        raise DamagedRecord(f"{path} is damaged: {error}") from error


def plain_parameters(parameters: object) -> Mapping[str, Any]:
    """Return a scenario's parameters as plain values."""
    return dict(msgspec.to_builtins(parameters))
