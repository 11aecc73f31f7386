"""Any program as a part: a service, a load generator, a script."""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from trivet_platform.errors import PartDied
from trivet_platform.part import Site
from trivet_platform.server import ProcessPart
from trivet_platform.sockets import listens, split_address

_PROBE_TIMEOUT_S = 1
_ANSWER_CHARS = 300


class Program(ProcessPart):
    """A process that listens on ``listen`` and answers ``ready_url`` with 2xx once it is ready.

    ``env`` is added to the base environment. Without ``listen`` and ``ready_url`` it is ready as soon as it runs.
    ``stop`` sends SIGTERM and kills what is left after ten seconds.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        listen: str | None = None,
        ready_url: str | None = None,
    ) -> None:
        super().__init__(name)
        self.argv = list(argv)
        self.env = dict(env or {})
        self.listen = listen
        self.ready_url = ready_url

    def start(self, site: Site) -> None:
        """Spawn and return at once."""
        self._process = site.spawn(self.argv, self.env)

    def blocker(self) -> str | None:
        """Return None when its own process listens and the ready URL answers 2xx."""
        if self._process is None:
            return "not started"
        if (ended := self._process.exit_status()) is not None:
            raise PartDied(ended)
        if self.listen is not None and not listens(self._process.pids, *split_address(self.listen)):
            return f"not listening on {self.listen}"
        return http_blocker(self.ready_url) if self.ready_url else None

    @property
    def endpoints(self) -> dict[str, str]:
        """Its URL, if it listens."""
        return {"url": f"http://{self.listen}"} if self.listen else {}


def http_blocker(url: str) -> str | None:
    """Return None when a GET answers 2xx, else what came instead, with the beginning of its body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}".rstrip("?"))
        answer = connection.getresponse()
        if 200 <= answer.status < 300:
            return None
        body = " ".join(answer.read().decode(errors="replace").split())[:_ANSWER_CHARS]
        return f"{parts.path} answers {answer.status} {body}".rstrip()
    except (OSError, http.client.HTTPException) as error:
        return f"{parts.path} does not answer: {error or type(error).__name__}"
    finally:
        connection.close()
