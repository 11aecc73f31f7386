"""Starts the processes of a Python command by forking one that has imported it already.

Most of what a service's replica does until it listens is to import: a second of processor, the same for each of
fourteen replicas on two processors. A fork server (multiprocessing's *forkserver*, Android's *Zygote*) does so once.
What it forks is a process like any other: its own session, log, environment and exit status, killed and paused alone.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from trivet_platform.environment import base_environment
from trivet_platform.errors import PartDied, PlatformError
from trivet_platform.forking import MESSAGE_BYTES_MAX, short
from trivet_platform.part import Site
from trivet_platform.proctree import Known, is_alive, know
from trivet_platform.server import ProcessPart
from trivet_platform.starter import Account, Child, execute

_FORKING = Path(__file__).with_name("forking.py")
_READ_AT_START = ("PYTHON", "LD_", "LANG", "LC_", "TZ", "GLIBC_", "MALLOC_", "OPENSSL_", "SSL_")
"""What an interpreter and its libraries read once, before the first line of a program or while it imports."""
_STATUS_LOST = 255
_POLL_S = 0.02
_PATIENCE_S = 10
"""A server that forks for a hundred others answers later; one that stands still must not hold up the lab for ever."""


class ForkRefused(PlatformError):
    """A fork server did not fork: it is gone, stands still, or found no room for another process."""


class ForkServer(ProcessPart):
    """A part that starts the processes of one console script; also a ``Starter``, for that script alone.

    Args:
        name: The part's name.
        command: The console script.
        preload: Modules that are imported before the first fork. None of them may start a thread.
        environment: Its own variables, which its children do not have.
    """

    def __init__(
        self, name: str, command: str, preload: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name)
        self._command = command
        self._preload = list(preload)
        self._own = dict(environment or {})
        self._started_with: dict[str, str] = {}
        self._address = Path()

    def start(self, site: Site) -> None:
        """Spawn and return at once."""
        self._address = site.scratch(self.name) / "socket"  # this user alone may look into that folder
        self._address.unlink(missing_ok=True)
        own = self._own | self.environment(site.directory)
        self._started_with = base_environment() | own
        self._process = site.spawn([sys.executable, "-P", _FORKING, self._address, self._command, *self._preload], own)

    def blocker(self) -> str | None:
        """Return None when it has imported its command and listens."""
        if self._process is None:
            return "not started"
        if (ended := self._process.exit_status()) is not None:
            raise PartDied(ended)
        with suppress(OSError), self._connect():
            return None
        return f"importing {self._command}"

    @property
    def endpoints(self) -> dict[str, str]:
        """Nowhere: it is this platform's alone."""
        return {}

    def __call__(
        self,
        argv: Sequence[str | Path],
        environment: Mapping[str, str],
        directory: Path,
        output: IO[bytes],
        errors: IO[bytes],
        account: Account | None = None,
    ) -> Child:
        """Fork a process, or execute it where only that makes what is asked for.

        That is another program, another user, more than a message holds, or a variable that is read before the first
        line, as the library is that gives a process a clock of its own.

        Raises:
            ForkRefused: there is no process.
        """
        asked = {"argv": [str(word) for word in argv], "environment": dict(environment), "directory": str(directory)}
        message = json.dumps(asked).encode()
        another = account is not None or Path(argv[0]).name != self._command or len(message) > MESSAGE_BYTES_MAX
        if another or _read_at_start(environment) != _read_at_start(self._started_with):
            return execute(argv, environment, directory, output, errors, account)
        try:
            connection = self._connect()
        except OSError as error:
            raise ForkRefused(f"{self.name} is not there: {error}") from error
        try:
            socket.send_fds(connection, [message], [output.fileno(), errors.fileno()])
            return Forked(connection)
        except (OSError, ValueError) as error:
            connection.close()
            raise ForkRefused(f"{self.name} did not say whom it forked: {error}") from error

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(_PATIENCE_S)
        try:
            with short(self._address) as name:
                connection.connect(name)
        except OSError:
            connection.close()
            raise
        return connection


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


class Forked:
    """A child of a fork server, known by the connection over which the server will say how it ended.

    Race: the server reaps it at once, so its pid may be another's by the time that somebody asks. Its status therefore
    comes from the server, which had it from the kernel, and whether it lives from its pid and start time together. If
    it is no more and the server, gone or standing still, does not say how it ended, nobody knows: 255.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Wait for its pid.

        Raises:
            OSError: the server did not tell it in time.
            ValueError: the server hung up instead.
        """
        self._connection = connection
        self._lock = threading.Lock()
        self._status: int | None = None
        self._missed_since: float | None = None
        self.pid = int(connection.recv(32))
        self._known = know(self.pid) or Known(self.pid, -1)
        connection.settimeout(0)

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""
        with self._lock:
            if self._status is None:
                self._status = self._ask()
                if self._status is not None:
                    self._connection.close()
            return self._status

    def _ask(self) -> int | None:
        try:
            said = self._connection.recv(32)
        except BlockingIOError:
            return _STATUS_LOST if self._is_missed() else None
        if said:
            return int(said)
        return None if is_alive(self._known) else _STATUS_LOST

    def _is_missed(self) -> bool:
        """Whether it has been gone for longer than a server takes to say so."""
        if is_alive(self._known):
            self._missed_since = None
            return False
        self._missed_since = self._missed_since or time.monotonic()
        return time.monotonic() - self._missed_since > _PATIENCE_S

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit status.

        Raises:
            subprocess.TimeoutExpired: it runs after ``timeout`` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(f"pid {self.pid}", timeout or 0)
            time.sleep(_POLL_S)
        return status
