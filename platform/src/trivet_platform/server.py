"""What all parts of one process tree share: signals, and a second try when a port was taken meanwhile."""

from __future__ import annotations

import abc
import signal
import threading
from pathlib import Path

from trivet_platform.clock import OwnClock
from trivet_platform.conditions import Conditions
from trivet_platform.errors import PartDied
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.sockets import free_port, is_free, listens

HOST = "127.0.0.1"
_TAKEN = "address already in use"
_PORT_TRIES = 5


class ProcessPart(abc.ABC):
    """A part that is one process and what it forks.

    ``conditions`` hold from its next start on; ``clock`` is its own while it runs under one, and None otherwise.
    """

    stop_signal = signal.SIGTERM
    stop_patience_s: float = 10

    def __init__(self, name: str) -> None:
        self.name = name
        self.conditions = Conditions()
        self.clock: OwnClock | None = None
        self._process: Process | None = None

    def environment(self, directory: Path) -> dict[str, str]:
        """Return what its conditions add to its environment; a clock's file lies in ``directory``.

        Raises:
            NoOwnClock: it is to have a clock of its own, and this machine has none to give.
        """
        self.clock = OwnClock(directory) if self.conditions.own_clock else None
        return dict(self.conditions.variables) | (self.clock.environment() if self.clock else {})

    @abc.abstractmethod
    def start(self, site: Site) -> None:
        """Spawn and return at once."""

    @abc.abstractmethod
    def blocker(self) -> str | None:
        """Return None when ready, else what it still waits for."""

    @property
    @abc.abstractmethod
    def endpoints(self) -> dict[str, str]:
        """Where it can be reached."""

    def stop(self) -> None:
        """Ask it to end; after ``stop_patience_s`` kill it."""
        if self._process:
            self._process.stop(self.stop_signal, self.stop_patience_s)

    def kill(self) -> None:
        """End everything of it at once (SIGKILL)."""
        if self._process:
            self._process.kill()

    def pause(self) -> None:
        """Stop everything of it where it stands (SIGSTOP)."""
        if self._process:
            self._process.pause()

    def resume(self) -> None:
        """Let everything of it go on (SIGCONT)."""
        if self._process:
            self._process.resume()

    @property
    def pids(self) -> list[int]:
        """Everything of it that is alive, the leader first."""
        return self._process.pids if self._process else []


class ServerPart(ProcessPart):
    """A server that is told its port when it is spawned, and so can be spawned again on another one.

    Race: between choosing a free port and binding it, anybody may take it, another checkout's platform for
    instance. The server then ends with EADDRINUSE, and is spawned again on a fresh port. What answers on the
    port is believed only if the server's own process listens there.
    """

    preparing = "preparing its data directory"

    def __init__(self, name: str, port: int | None = None) -> None:
        super().__init__(name)
        self._wanted_port = port
        self._port: int | None = None
        self._choosing = threading.Lock()
        self._site: Site | None = None
        self._tries = 0
        self._preparation: Process | None = None

    @property
    def port(self) -> int:
        """The port it listens on: the wanted one if it is free, chosen when first asked for and kept over restarts.

        Race: parts start in threads of their own, and each start writes the endpoints of *all* parts to platform.json.
        Two threads that both found no port would choose two: the server would be spawned on one, and looked for on
        the other until the start fails.
        """
        with self._choosing:
            if self._port is None:
                wanted = self._wanted_port
                self._port = wanted if wanted is not None and is_free(wanted, HOST) else free_port(HOST)
            return self._port

    @abc.abstractmethod
    def spawn(self, site: Site) -> Process:
        """Spawn the server on ``self.port``."""

    @abc.abstractmethod
    def probe(self) -> str | None:
        """Return None when the server, which listens, serves; else what is missing."""

    def prepare(self, site: Site) -> Process | None:
        """Begin what must be done before the first spawn; return the process that does it, or None."""
        del site
        return None

    def start(self, site: Site) -> None:
        """Spawn and return at once; on the port of the last time if it was started before."""
        self._site = site
        self._tries = 0
        self._preparation = self.prepare(site)
        self._process = self._preparation or self.spawn(site)

    def blocker(self) -> str | None:
        """Return None when ready, else what it still waits for; spawns again when the port was taken."""
        process, site = self._process, self._site
        if process is None or site is None:
            return "not started"
        if (ended := process.exit_status()) is not None:
            if process is self._preparation and process.succeeded():
                self._process = self.spawn(site)
                return "starting"
            if process is self._preparation or _TAKEN not in process.written().lower():
                raise PartDied(ended)
            return self._move(site, ended)
        if process is self._preparation:
            return self.preparing
        if not listens(lambda: process.pids, HOST, self.port):
            return "not accepting connections"
        return self.probe()

    def _move(self, site: Site, ended: str) -> str:
        taken = self.port
        self._tries += 1
        if self._tries >= _PORT_TRIES:
            raise PartDied(f"{ended}: {self._tries} ports in a row were taken")
        self._port = free_port(HOST)
        self._process = self.spawn(site)
        return f"port {taken} was taken meanwhile, trying {self._port}"
