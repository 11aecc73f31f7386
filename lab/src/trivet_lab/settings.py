"""The lab's own settings, the only place that reads the environment."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class LabSettings:
    """How the lab speaks and where its checkout lies.

    ``root`` is the checkout: the folder that holds the members and ``.trivet/``. ``plain`` turns progress bars
    and colour off: no terminal, ``CI=1`` or ``NO_COLOR``.
    """

    root: Path
    plain: bool

    @property
    def runs(self) -> Path:
        """Where runs are kept."""
        return self.root / ".trivet" / "runs"


def checkout(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that is a Trivet checkout.

    Raises:
        FileNotFoundError: none is; the lab runs from a checkout, since it starts the members that lie there.
    """
    for folder in (start, *start.parents):
        if (folder / "tools" / "bootstrap.py").exists() and (folder / "lab").is_dir():
            return folder
    raise FileNotFoundError(f"{start} lies in no Trivet checkout: clone the repository and call its ./trivet")


def lab_settings() -> LabSettings:
    """Return the settings of this process."""
    environ = os.environ
    plain = not sys.stderr.isatty() or bool(environ.get("NO_COLOR")) or environ.get("CI", "") not in {"", "0", "false"}
    return LabSettings(root=checkout(Path(__file__).resolve()), plain=plain)


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that the lab starts: the lab's own without Trivet's settings, and ``extra``.

    A ``TRIVET_…`` variable in a person's shell must not reach a service by accident: what a scenario did not
    set is not set.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRIVET_")}
    return inherited | dict(extra)
