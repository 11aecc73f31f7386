"""A copy of a Go member: its commands are built of it, and stand first on PATH."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from trivet_lab.members import CommandError, executable
from trivet_lab.mutants.language import Language
from trivet_lab.mutants.mutant import MutantError
from trivet_lab.settings import child_environment

_UNUSED = shutil.ignore_patterns("*_test.go", "testdata", "tests", "bench", "*.md")
_PLAIN, _EDITED = "plain", "bin"
Digests = dict[str, bytes]
"""Of each command by its name."""


class Golang(Language):
    """Mutants of Go members.

    A mutant that is not what runs would survive every checker, or worse, be called harmless. So the commands are built
    before the edits too: one source gives one binary, wherever it lies, and where both are the same the edits are in
    nothing that is built, as in a file for another system. And each command that is built is looked for in the way in
    which a stage does.
    """

    SOURCES: ClassVar = ("cmd", "internal")
    _built: ClassVar[dict[bytes, Digests]] = {}
    """What each source gave that was built before any edit: the mutants of a member all begin with the same."""

    def __init__(self) -> None:
        """Begin before the first build."""
        self._plain: Digests = {}

    def misfit(self, file: str) -> str | None:
        """Say that tests are not built into a command."""
        return f"{file} is a test, and not built into a command" if file.endswith("_test.go") else None

    def copy(self, member: Path, into: Path) -> None:
        """Copy the module without what no command is built of."""
        shutil.copytree(member, into, ignore=_UNUSED)

    def settle(self, into: Path) -> None:
        """Build the commands as they are, if no copy of the same source was built before."""
        source = _digest(path for path in sorted(into.rglob("*")) if path.is_file())
        if source not in self._built:
            self._built[source] = _digests(_build(into, _PLAIN))
        self._plain = self._built[source]

    def environment(self, into: Path) -> dict[str, str]:
        """Build the edited commands, return a PATH on which they stand first, and look that they are what is found."""
        made = _build(into, _EDITED)
        if _digests(made) == self._plain:
            raise MutantError("its edits change nothing of what is built")
        environment = {"PATH": f"{into / _EDITED}{os.pathsep}{child_environment({}).get('PATH', os.defpath)}"}
        for path in made:
            seen = executable(path.name, environment)
            if seen != str(path):
                raise MutantError(f"{path.name} would be started from {seen}, not from its copy")
        return environment


def _digest(files: Iterable[Path]) -> bytes:
    found = hashlib.sha256()
    for path in files:
        for part in (path.name.encode(), path.read_bytes()):
            found.update(len(part).to_bytes(8))
            found.update(part)
    return found.digest()


def _digests(made: Iterable[Path]) -> Digests:
    return {path.name: _digest([path]) for path in made}


def _build(module: Path, name: str) -> list[Path]:
    """Build every command of a module into a folder of it, and return them."""
    into = module / name
    try:
        words = [executable("go"), "build", "-trimpath", "-buildvcs=false", "-o", f"{into}/", "./cmd/..."]
    except CommandError as error:
        raise MutantError(str(error)) from error
    done = subprocess.run(words, cwd=module, env=child_environment({}), text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise MutantError(f"it does not build: {(done.stderr or done.stdout).strip()}")
    return sorted(into.iterdir())
