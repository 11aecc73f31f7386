"""One Valkey server: an independent master, in memory alone."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from trivet_platform.binaries import valkey_server
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart

_PROBE_TIMEOUT_S = 1
_DEFAULTS = {"save": "", "appendonly": "no", "daemonize": "no", "protected-mode": "yes", "databases": "1"}


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
        try:
            with socket.create_connection((HOST, self.port), timeout=_PROBE_TIMEOUT_S) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(100).decode(errors="replace").strip()
        except OSError as error:
            return f"PING failed: {error}"
        return None if answer == "+PONG" else f"PING answers {answer}"
