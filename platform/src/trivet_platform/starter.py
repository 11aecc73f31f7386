"""How a process comes to be: executed from its file, or in any other way that ends in a pid and an exit status."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol


@dataclasses.dataclass(frozen=True)
class Account:
    """The user as whom a process runs."""

    uid: int
    gid: int


class Child(Protocol):
    """A process that was started, as ``subprocess.Popen`` shows it."""

    @property
    def pid(self) -> int:
        """Its pid."""

    def poll(self) -> int | None:
        """Return its exit status, the signal's number below zero if one ended it, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit status.

        Raises:
            subprocess.TimeoutExpired: it runs after ``timeout`` seconds.
        """


class Starter(Protocol):
    """Starts a program with these words, in a session of its own and without input."""

    def __call__(
        self,
        argv: Sequence[str | Path],
        environment: Mapping[str, str],
        directory: Path,
        output: IO[bytes],
        errors: IO[bytes],
        account: Account | None = None,
    ) -> Child:
        """Start it and return at once; ``output`` and ``errors`` are its own from then on."""


def execute(
    argv: Sequence[str | Path],
    environment: Mapping[str, str],
    directory: Path,
    output: IO[bytes],
    errors: IO[bytes],
    account: Account | None = None,
) -> Child:
    """Start a program from its file, as every system does."""
    return subprocess.Popen(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=dict(environment),
        cwd=directory,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
