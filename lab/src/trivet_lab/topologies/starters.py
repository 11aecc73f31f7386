"""How the processes of each member come to be: forked from one that has imported it, or executed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from trivet_lab.members import Member
from trivet_platform import ForkServer, Starter, Supervisor, execute

_ANOTHER_SOURCE = "PYTHONPATH"
"""Where the changed copy of a Python member stands, which is another import."""


class Starters:
    """The fork servers of the members that name what to import first (``preload`` in ``member.toml``).

    A server belongs to the platform, as the parts that every stage stands upon: it lasts from stage to stage.
    """

    def __init__(self, platform: Supervisor, members: Iterable[Member]) -> None:
        """Choose those that the committed members need."""
        self._platform = platform
        self._lock = threading.Lock()
        self._number = itertools.count(1)
        self._servers = {(member.name, ""): _server(member, "") for member in members if member.preload}

    @property
    def parts(self) -> list[ForkServer]:
        """What is to be started before the first stage."""
        return list(self._servers.values())

    def forget(self, environments: Iterable[Mapping[str, str]]) -> None:
        """Stop the servers of the changed copies that ran under these settings: a copy goes with its run."""
        sources = {environment.get(_ANOTHER_SOURCE, "") for environment in environments} - {""}
        with self._lock:
            for key in [key for key in self._servers if key[1] in sources]:
                self._servers.pop(key).stop()

    def of(self, member: Member, environment: Mapping[str, str] = MappingProxyType({})) -> Starter:
        """Return what starts this member's commands under these settings.

        A changed copy has a server of its own, which is started when it is first asked for.

        Raises:
            StartFailed: the copy cannot be imported.
        """
        if not member.preload:
            return execute
        key = (member.name, environment.get(_ANOTHER_SOURCE, ""))
        with self._lock:
            if key not in self._servers:
                server = _server(member, f"-{next(self._number)}", *key[1:])
                self._platform.start(server)
                self._servers[key] = server
            return self._servers[key]


def _server(member: Member, suffix: str, source: str = "") -> ForkServer:
    environment = {_ANOTHER_SOURCE: source} if source else {}
    return ForkServer(f"{member.name}-forks{suffix}", member.processes[0].command[0], member.preload, environment)
