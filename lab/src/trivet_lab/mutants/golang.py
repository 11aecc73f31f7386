"""A copy of a Go member: its commands are built of it, and stand first on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from trivet_lab.members import CommandError, executable
from trivet_lab.mutants.language import Language
from trivet_lab.mutants.mutant import MutantError
from trivet_lab.settings import child_environment

_UNUSED = shutil.ignore_patterns("*_test.go", "testdata", "tests", "bench", "*.md")
_PLAIN, _EDITED = "plain", "bin"


class Golang(Language):
    """Mutants of Go members.

    A mutant that is not what runs would survive every checker, or worse, be called harmless. So the commands are built
    twice, before the edits and after them: one source gives one binary, and where both are the same the edits are in
    nothing that is built, as in a file for another system. And each command that is built is looked for in the way in
    which a stage does.
    """

    SOURCES: ClassVar = ("cmd", "internal")

    def misfit(self, file: str) -> str | None:
        """Say that tests are not built into a command."""
        return f"{file} is a test, and not built into a command" if file.endswith("_test.go") else None

    def copy(self, member: Path, into: Path) -> None:
        """Copy the module without what no command is built of."""
        shutil.copytree(member, into, ignore=_UNUSED)

    def settle(self, into: Path) -> None:
        """Build the commands as they are."""
        _build(into, _PLAIN)

    def environment(self, into: Path) -> dict[str, str]:
        """Build the edited commands, return a PATH on which they stand first, and look that they are what is found."""
        made = _build(into, _EDITED)
        if all(path.read_bytes() == (into / _PLAIN / path.name).read_bytes() for path in made):
            raise MutantError("its edits change nothing of what is built")
        environment = {"PATH": f"{into / _EDITED}{os.pathsep}{child_environment({}).get('PATH', os.defpath)}"}
        for path in made:
            seen = executable(path.name, environment)
            if seen != str(path):
                raise MutantError(f"{path.name} would be started from {seen}, not from its copy")
        return environment


def _build(module: Path, name: str) -> list[Path]:
    """Build every command of a module into a folder of it, and return them."""
    into = module / name
    try:
        words = [executable("go"), "build", "-trimpath", "-o", f"{into}/", "./cmd/..."]
    except CommandError as error:
        raise MutantError(str(error)) from error
    done = subprocess.run(words, cwd=module, env=child_environment({}), text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise MutantError(f"it does not build: {(done.stderr or done.stdout).strip()}")
    return sorted(into.iterdir())
