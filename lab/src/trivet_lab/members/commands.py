"""Finds and runs the commands by which a member is looked after."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from trivet_lab.settings import child_environment

LAST_LINES = 20


class CommandError(Exception):
    """A member's command is not there, or did not end in time."""


def executable(name: str, environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the path of a member's command: beside this interpreter first, then on PATH.

    A PATH among the settings under which it is to run comes before both: there stands the changed copy of a member
    whose commands are binaries.

    Raises:
        CommandError: it is nowhere.
    """
    if "PATH" in environment and (own := shutil.which(name, path=environment["PATH"])):
        return own
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise CommandError(f"the command {name} is not installed")
    return found


def run_command(
    command: Sequence[str], environment: Mapping[str, str], seconds_max: float
) -> subprocess.CompletedProcess[str]:
    """Run a member's command to its end, under these settings alone, and return how it ended and what it printed.

    Raises:
        CommandError: it is nowhere, or did not end in time; then it was killed.
    """
    argv = [executable(command[0], environment), *command[1:]]
    try:
        return subprocess.run(
            argv,
            env=child_environment(environment),
            text=True,
            capture_output=True,
            check=False,
            timeout=seconds_max,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{' '.join(command)} did not end within {seconds_max:g} s") from error


def last_lines(text: str) -> str:
    """Return the end of what a command printed."""
    return "\n".join(text.splitlines()[-LAST_LINES:])
