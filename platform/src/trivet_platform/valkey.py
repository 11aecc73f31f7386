"""One Valkey server: an independent master, in memory alone."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from trivet_platform.binaries import valkey_server
from trivet_platform.errors import PlatformError
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart

_PROBE_TIMEOUT_S = 1
_DEFAULTS = {"save": "", "appendonly": "no", "daemonize": "no", "protected-mode": "yes", "databases": "1"}


class FlushFailed(PlatformError):
    """A Valkey may still have keys that it was to forget."""


class Valkey(ServerPart):
    """Valkey 9 on loopback. It keeps nothing on disk unless ``settings`` ask for it: a restart has an empty memory."""

    def __init__(self, name: str = "valkey", settings: Mapping[str, str] | None = None) -> None:
        super().__init__(name)
        self._settings = _DEFAULTS | dict(settings or {})

    @property
    def url(self) -> str:
        """The address of its only database."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def endpoints(self) -> dict[str, str]:
        """Its URL."""
        return {"url": self.url}

    def spawn(self, site: Site) -> Process:
        """Spawn it on ``self.port``."""
        own = {"bind": HOST, "port": str(self.port), "dir": str(site.directory)}
        words = [word for name, value in (self._settings | own).items() for word in (f"--{name}", value)]
        return site.spawn([valkey_server(), *words], self.environment(site.directory))

    def probe(self) -> str | None:
        """Return None when it answers PING."""
        return self._say("PING", "+PONG")

    def flush(self) -> None:
        """Make it forget every key.

        Raises:
            FlushFailed: it did not say that it did.
        """
        if (blocker := self._say("FLUSHALL", "+OK")) is not None:
            raise FlushFailed(f"{self.name} keeps what it has: {blocker}")

    def _say(self, command: str, expected: str) -> str | None:
        """Send one command and return None if it was answered as expected, else what came instead."""
        try:
            with socket.create_connection((HOST, self.port), timeout=_PROBE_TIMEOUT_S) as connection:
                connection.sendall(f"{command}\r\n".encode())
                answer = connection.recv(100).decode(errors="replace").strip()
        except OSError as error:
            return f"{command} failed: {error}"
        return None if answer == expected else f"{command} answers {answer}"
