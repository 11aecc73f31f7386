"""Any program as a part: a service, a load generator, a script."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from trivet_platform.errors import PartDied
from trivet_platform.part import Site
from trivet_platform.probe import http_blocker
from trivet_platform.server import ProcessPart
from trivet_platform.sockets import listens, split_address
from trivet_platform.starter import Starter, execute


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
        starter: Starter = execute,
    ) -> None:
        super().__init__(name)
        self.argv = list(argv)
        self.env = dict(env or {})
        self.listen = listen
        self.ready_url = ready_url
        self._starter = starter

    def start(self, site: Site) -> None:
        """Spawn and return at once."""
        self._process = site.spawn(self.argv, self.env | self.environment(site.directory), starter=self._starter)

    def blocker(self) -> str | None:
        """Return None when its own process listens and the ready URL answers 2xx."""
        process = self._process
        if process is None:
            return "not started"
        if (ended := process.exit_status()) is not None:
            raise PartDied(ended)
        if self.listen is not None and not listens(lambda: process.pids, *split_address(self.listen)):
            return f"not listening on {self.listen}"
        return http_blocker(self.ready_url) if self.ready_url else None

    def dismiss(self) -> None:
        """Stop it without the delay of its drain, for when nobody is sent to it any more.

        A server that keeps serving for a while after a signal stops at the second. Two of one kind that are pending
        together arrive as one, so the second is another.
        """
        if self._process:
            self._process.signal(signal.SIGINT)
        self.stop()

    @property
    def endpoints(self) -> dict[str, str]:
        """Its URL, if it listens."""
        return {"url": f"http://{self.listen}"} if self.listen else {}
