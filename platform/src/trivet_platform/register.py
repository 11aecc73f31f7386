"""What runs: told to the guard and written to platform.json before anybody relies on it.

platform.json, 0600::

    {"schema": 1, "platform": marker, "boot": id, "owner": {"pid", "started"}, "token": random,
     "parts": [{"name", "pids", "started", "endpoints", "log"}], "scratch": [directories], ...extra}

``pids`` are the leaders that were spawned for a part, ``started`` their start times in clock ticks since boot:
both survive ``kill -9`` of the lab, and ``sweep`` needs no more.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trivet_platform.environment import base_environment
from trivet_platform.errors import PlatformClosed, PlatformError
from trivet_platform.guard import Guard, clean
from trivet_platform.part import Part
from trivet_platform.process import Process
from trivet_platform.proctree import MARKER, Known, boot_id, know
from trivet_platform.starter import Account, Starter

FILE_NAME = "platform.json"
SCRATCH_PREFIX = "trivet-"


class NoScratch(PlatformError):
    """There is no temporary directory that an unprivileged user can reach."""


class Register:
    """The processes and directories of one platform."""

    def __init__(self, directory: Path) -> None:
        """Start the guard; from here on nothing is left behind."""
        self._lock = threading.RLock()
        self._path = directory / FILE_NAME
        self.marker = uuid.uuid4().hex
        self.token = secrets.token_urlsafe(24)
        self._extra: dict[str, Any] = {}
        self._parts: dict[str, Part] = {}
        self._processes: dict[str, list[Process]] = {}
        self._logs: dict[str, Path] = {}
        self._directories: list[Path] = []
        self._scratch: Path | None = None
        self._closed = False
        self._guard = Guard(self.marker)
        owner = know(os.getpid())
        self._owner = {"pid": os.getpid(), "started": owner.started if owner else -1}
        self.save()

    def enter(self, part: Part, log: Path) -> None:
        """List a part; an earlier one of the same name must have ended."""
        with self._lock:
            earlier = self._parts.get(part.name)
            if earlier is not None and earlier.pids:
                raise PlatformError(f"a part named {part.name} runs already")
            self._parts[part.name] = part
            self._logs[part.name] = log

    def spawn(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str],
        directory: Path,
        account: Account | None,
        starter: Starter,
    ) -> Process:
        """Spawn a process of a part, unless the platform is being stopped.

        Race: Ctrl-C stops the platform while a part's thread is about to spawn. Under the lock a process is
        either spawned and known before ``close`` returns, or not spawned at all.
        """
        with self._lock:
            if self._closed:
                raise PlatformClosed(f"{name} is not started any more: the platform is being stopped")
            marked = base_environment() | dict(environment) | {MARKER: self.marker}
            with log.open("ab") as output:
                start = output.tell()
                child = starter(argv, marked, directory, output, output, account)
            process = Process(child, log, start)
            self._processes.setdefault(name, []).append(process)
            self._guard.adopt(process.known)
            self.save()
            return process

    def process(self, name: str) -> Process | None:
        """Return the process that was spawned last for a part."""
        with self._lock:
            spawned = self._processes.get(name)
            return spawned[-1] if spawned else None

    def own(self, directory: Path) -> None:
        """Take a directory that is about to be made for the platform's, so that it is removed with it."""
        with self._lock:
            self._guard.inherit(directory)
            self._directories.append(directory)
            self.save()

    def scratch(self, name: str) -> Path:
        """Make a directory outside the run directory that every user can reach."""
        with self._lock:
            if self._scratch is None:
                path = _reachable_temporary() / f"{SCRATCH_PREFIX}{self.marker}"
                self.own(path)
                path.mkdir(mode=0o711)
                self._scratch = path
            found = self._scratch / name
            found.mkdir(mode=0o700, exist_ok=True)
            return found

    def extend(self, extra: Mapping[str, Any]) -> None:
        """Add members to platform.json."""
        with self._lock:
            self._extra |= dict(extra)
            self.save()

    def save(self) -> None:
        """Write platform.json, whole or not at all."""
        with self._lock:
            written = json.dumps(self._document(), indent=2).encode() + b"\n"
            new = self._path.with_suffix(".new")
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(written)
            new.replace(self._path)

    def close(self) -> None:
        """Spawn nothing any more."""
        with self._lock:
            self._closed = True

    def finish(self) -> None:
        """Let the guard end and remove whatever is left, or do so if it cannot, and take platform.json away."""
        self.close()
        if not self._guard.close():
            leaders = [process.known for processes in self._processes.values() for process in processes]
            clean(leaders, self._directories, self.marker)
        self._path.unlink(missing_ok=True)

    def _document(self) -> dict[str, Any]:
        parts = []
        for name, part in self._parts.items():
            known = [process.known for process in self._processes.get(name, [])]
            parts.append(_entry(part, known, self._logs[name]))
        own = {
            "schema": 1,
            "platform": self.marker,
            "boot": boot_id(),
            "owner": self._owner,
            "token": self.token,
            "parts": parts,
            "scratch": [str(directory) for directory in self._directories],
        }
        return self._extra | own


def _entry(part: Part, known: Sequence[Known], log: Path) -> dict[str, Any]:
    return {
        "name": part.name,
        "pids": [leader.pid for leader in known],
        "started": [leader.started for leader in known],
        "endpoints": part.endpoints,
        "log": str(log),
    }


def _reachable_temporary() -> Path:
    """Return a temporary directory to which every user finds a way; TMPDIR may lie in somebody's home."""
    for candidate in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108  - a name nobody can guess is made in it
        path = candidate.resolve()
        if path.is_dir() and all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents)):
            return path
    raise NoScratch("neither TMPDIR nor /tmp nor /var/tmp can be reached by an unprivileged user")
