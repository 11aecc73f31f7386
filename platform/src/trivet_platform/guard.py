"""The guard: a process that ends everything of a platform when the lab that owns it is gone, however it went.

It knows the lab by a pipe whose other end the lab alone holds: the kernel closes it when the lab ends, also after
``kill -9``. It runs in a session of its own, so that no Ctrl-C reaches it, and on the standard library alone.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from trivet_platform.environment import base_environment
from trivet_platform.errors import PlatformError
from trivet_platform.proctree import Known, end
from trivet_platform.standalone import standalone

_WATCHING = b"!"
_OWNER_POLL_S = 0.5
_EXIT_PATIENCE_S = 30


class GuardLost(PlatformError):
    """The guard does not run; without it nothing is started."""


class Guard:
    """The lab's end of the pipe."""

    def __init__(self, marker: str) -> None:
        """Start the guard of the platform whose processes carry ``marker``."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            standalone("guard", "watch", marker),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=base_environment(),
        )
        with self._process.stdout or nullcontext() as stdout:
            if stdout is None or stdout.read(1) != _WATCHING:
                raise GuardLost("the guard did not start: what is started now could outlive this process")

    @property
    def pid(self) -> int:
        """The guard's own pid."""
        return self._process.pid

    def adopt(self, known: Known) -> None:
        """Tell the guard of a process whose tree it is to end."""
        self._tell({"process": known})

    def inherit(self, directory: Path) -> None:
        """Tell the guard of a directory that it is to remove."""
        self._tell({"directory": str(directory)})

    def close(self) -> bool:
        """Let the guard do its last round; whether it did that, within half a minute."""
        with self._lock:
            if self._process.stdin and not self._process.stdin.closed:
                self._process.stdin.close()
        try:
            return self._process.wait(_EXIT_PATIENCE_S) == 0
        except subprocess.TimeoutExpired:
            return False

    def _tell(self, message: dict[str, object]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            stdin = self._process.stdin
            try:
                if stdin is not None and not stdin.closed:
                    stdin.write(line)
            except BrokenPipeError:
                raise GuardLost("the guard has ended: what is started now could outlive this process") from None


def clean(leaders: Sequence[Known], directories: Sequence[Path], marker: str) -> int:
    """End everything of a platform and remove its directories; return how many processes there were."""
    ended = len(end(leaders, marker))
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
    return ended


def watch(marker: str) -> None:
    """Be the guard: read messages until the lab is gone, then clean."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    owner = os.getppid()
    leaders: list[Known] = []
    directories: list[Path] = []
    received = b""
    with suppress(BrokenPipeError):  # a lab that is interrupted while it starts its guard does not hear it
        os.write(1, _WATCHING)
    # A child that the lab forked without exec holds the pipe too: the parent's pid says it as well.
    while os.getppid() == owner:
        if not select.select([0], [], [], _OWNER_POLL_S)[0]:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            break
        *lines, received = (received + chunk).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "process" in message:
                leaders.append(Known(*message["process"]))
            else:
                directories.append(Path(message["directory"]))
    clean(leaders, directories, marker)
