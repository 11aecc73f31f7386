"""What every part offers, and what a part is given to start with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from trivet_platform.process import Process
from trivet_platform.starter import Account, Starter, execute


class Spawner(Protocol):
    """Starts a process and makes it known to the guard and to platform.json before it returns."""

    def __call__(
        self,
        argv: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str],
        directory: Path,
        account: Account | None,
        starter: Starter,
    ) -> Process:
        """Spawn."""


class Scratch(Protocol):
    """Makes a directory outside the checkout that every user can reach, and that is removed with the platform."""

    def __call__(self, name: str) -> Path:
        """Make it, or return the one of this name."""


@dataclasses.dataclass(frozen=True)
class Site:
    """Where one part lives: its own directory, its log, and how it starts processes."""

    directory: Path
    log: Path
    spawner: Spawner
    scratch: Scratch

    def spawn(
        self,
        argv: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        *,
        directory: Path | None = None,
        account: Account | None = None,
        starter: Starter = execute,
    ) -> Process:
        """Start a process in a session of its own, writing to the part's log; ``environment`` is added to the base one.

        Raises:
            PlatformClosed: the platform is being stopped.
        """
        return self.spawner(argv, self.log, environment or {}, directory or self.directory, account, starter)


class Part(Protocol):
    """A real server, or any other program, that the supervisor can start and a fault can hit."""

    @property
    def name(self) -> str:
        """Unique in a platform; also the name of its log file."""

    def start(self, site: Site) -> None:
        """Spawn and return at once. Called again after ``stop`` or ``kill`` it starts on the same data and address."""

    def blocker(self) -> str | None:
        """Return None when ready (probed), else what it still waits for, in one sentence without its name.

        Raises:
            PartDied: its process ended.
        """

    def stop(self) -> None:
        """End it gracefully, within bounds; then by force. Does nothing when it does not run."""

    def kill(self) -> None:
        """End everything of it at once (SIGKILL)."""

    def pause(self) -> None:
        """Stop everything of it where it stands (SIGSTOP)."""

    def resume(self) -> None:
        """Let everything of it go on (SIGCONT)."""

    @property
    def endpoints(self) -> dict[str, str]:
        """Where it can be reached, by what each address is for."""

    @property
    def pids(self) -> list[int]:
        """Everything of it that is alive, the leader first."""
