"""A copy of a Python member: imported before the installed one, by PYTHONPATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from trivet_lab.mutants.language import Language
from trivet_lab.mutants.mutant import MutantError
from trivet_lab.settings import child_environment

_LOOK = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]).origin)"


class Python(Language):
    """Mutants of Python members.

    A mutant that is not what runs would survive every checker, or worse, be called harmless: so the interpreter itself
    is asked where the package comes from.
    """

    SOURCES: ClassVar = ("src",)

    def misfit(self, file: str) -> None:
        """Nothing of a package is left out."""

    def copy(self, member: Path, into: Path) -> None:
        """Copy the packages."""
        shutil.copytree(member / "src", into / "src", ignore=shutil.ignore_patterns("__pycache__"))

    def settle(self, into: Path) -> None:
        """Nothing is built."""

    def environment(self, into: Path) -> dict[str, str]:
        """Return a path on which the copy stands first, and look that Python finds it there."""
        source = into / "src"
        environment = {"PYTHONPATH": str(source)}
        for package in (path.name for path in source.iterdir() if (path / "__init__.py").exists()):
            seen = _origin(package, environment)
            if not seen.startswith(str(source)):
                raise MutantError(f"{package} would be imported from {seen}, not from its copy")
        return environment


def _origin(package: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, package],
        env=child_environment(environment),
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip()
