"""Finds and runs the commands by which a member is looked after."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO

from trivet_platform import PlatformError, Starter, base_environment, end_child, execute

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
    command: Sequence[str], environment: Mapping[str, str], seconds_max: float, starter: Starter = execute
) -> subprocess.CompletedProcess[str]:
    """Run a member's command to its end, under these settings alone, and return how it ended and what it printed.

    It has the environment that a platform gives the member's processes, and so can be forked as they are.

    Raises:
        CommandError: it is nowhere, could not be started, or did not end in time; then it was killed.
    """
    argv = [executable(command[0], environment), *command[1:]]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            child = starter(argv, base_environment() | dict(environment), Path.cwd(), output, errors)
        except (OSError, PlatformError) as error:
            raise CommandError(f"{' '.join(command)} was not started: {error}") from error
        try:
            status = child.wait(seconds_max)
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"{' '.join(command)} did not end within {seconds_max:g} s") from error
        finally:
            end_child(child)  # a Ctrl-C does not reach it, which has a session of its own
        return subprocess.CompletedProcess(argv, status, _text(output), _text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def last_lines(text: str) -> str:
    """Return the end of what a command printed."""
    return "\n".join(text.splitlines()[-LAST_LINES:])
