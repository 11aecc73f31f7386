"""A copy of a member with a mutant's edits, and the environment in which a service runs the copy."""

from __future__ import annotations

import dataclasses
import difflib
import shutil
import subprocess
import sys
from pathlib import Path

from trivet_lab.mutants.mutant import Mutant, MutantError
from trivet_lab.settings import child_environment

_LOOK = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]).origin)"


@dataclasses.dataclass(frozen=True)
class Overlay:
    """A member's changed copy: whoever is started with ``environment`` imports it instead of the member.

    ``diff`` is what differs, for people. The checkout itself is never written to.
    """

    environment: dict[str, str]
    diff: str


def lay_over(mutant: Mutant, into: Path) -> Overlay:
    """Copy the mutant's member into a folder, apply its edits there, and look that Python finds the copy.

    A mutant that is not what runs would survive every checker, or worse, be called harmless: so the interpreter itself
    is asked where the package comes from.

    Raises:
        MutantError: an edit does not fit, or the copy is not what would be imported.
    """
    source = into / "src"
    shutil.copytree(mutant.folder / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    diff = [line for name in dict.fromkeys(edit.file for edit in mutant.edits) for line in _change(mutant, name, into)]
    environment = {"PYTHONPATH": str(source)}
    for package in (path.name for path in source.iterdir() if (path / "__init__.py").exists()):
        seen = _origin(package, environment)
        if not seen.startswith(str(source)):
            raise MutantError(f"{mutant.name}: {package} would be imported from {seen}, not from its copy")
    return Overlay(environment, "".join(diff))


def _change(mutant: Mutant, name: str, into: Path) -> list[str]:
    path = into / name
    before = after = path.read_text()
    for edit in (edit for edit in mutant.edits if edit.file == name):
        if after.count(edit.find) != 1:
            raise MutantError(f"{mutant.name}: {edit.find!r} stands {after.count(edit.find)} times in {name}")
        after = after.replace(edit.find, edit.replace)
    path.write_text(after)
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return list(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}"))


def _origin(package: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, package],
        env=child_environment(environment),
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip()
